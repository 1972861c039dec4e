{% macro add_days(day, days) -%}
    {#-
        The date so many days later (earlier where negative): a date, NULL where either is NULL.
        day: SQL expression of type date. days: whole number or integer SQL expression.
    -#}
    cast({{ dbt.dateadd('day', days, day) }} as date)
{%- endmacro %}


{% macro is_weekday(day) -%}
    {#-
        Whether a date is a Monday to Friday: a boolean, NULL where it is NULL. Counted from a known Monday, because
        engines number the days of the week differently. day: SQL expression of type date.
    -#}
    ({{ dbt.datediff(dbt.date_trunc('week', day), day, 'day') }} < 5)
{%- endmacro %}


{% macro business_day_due_dates(calendar, terms) -%}
    {#-
        A query with one row per calendar day and term: `date_day` (date), `business_days` (the term) and `due_at`, the
        UTC timestamp of the local midnight that ends the last of so many business days after that day, which itself is not
        counted. A term of 0 ends with the day itself. NULL where the calendar ends too early.
        calendar: relation or CTE with `date_day`, `is_business_day` and `business_day_number` (business days so far, that day included).
        terms: relation or CTE with `business_days`, each number once.
    -#}
    select
        begun.date_day,
        terms.business_days,
        {{ to_utc(add_days('case when terms.business_days = 0 then begun.date_day else due.date_day end', 1)) }} as due_at
    from {{ calendar }} as begun
    cross join {{ terms }} as terms
    left join {{ calendar }} as due
        on
            due.is_business_day
            and begun.business_day_number + terms.business_days = due.business_day_number
{%- endmacro %}


{% macro is_in_weeks(week_start, first_week, weeks) -%}
    {#-
        Whether a week is one of so many that begin with a first one: a boolean, NULL where either date is NULL.
        week_start, first_week: Mondays, SQL expressions of type date. weeks: whole number.
    -#}
    ({{ week_start }} >= {{ first_week }} and {{ week_start }} < {{ add_days(first_week, 7 * weeks) }})
{%- endmacro %}
