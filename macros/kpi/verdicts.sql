{% macro target_value(amount, kind, baseline) -%}
    {#-
        A target or a red flag as a value of its KPI: a double, NULL where it is a change of a baseline that is not there.
        amount, kind, baseline: SQL expressions, the first two of kpi_targets.
    -#}
    case {{ kind }} when 'absolute' then {{ amount }} else {{ baseline }} * (1 + {{ amount }}) end
{%- endmacro %}


{% macro good_sign(direction='direction') -%}
    {#- 1 where higher is better, -1 where lower is: an integer. direction: SQL expression with `higher` or `lower`. -#}
    case {{ direction }} when 'higher' then 1 else -1 end
{%- endmacro %}


{% macro is_beyond(value, limit, good_sign) -%}
    {#-
        Whether a value is on the wrong side of a limit, strictly: a boolean, NULL where either is NULL. To 9 decimals.
        good_sign: as good_sign() gives it. SQL expressions.
    -#}
    ({{ to_9_decimals(good_sign ~ ' * ' ~ value) }} < {{ to_9_decimals(good_sign ~ ' * ' ~ limit) }})
{%- endmacro %}


{% macro may_still_move(applied, periods) -%}
    {#-
        Whether a KPI's figures of a period may still move at as_of: a boolean.
        applied: alias of a row of int_kpi__applicability. periods: alias of a row of int_period__listed.
    -#}
    (
        {{ add_seconds(periods ~ '.ends_at', applied ~ '.lag_seconds') }} > {{ as_of() }}
        or coalesce(
            {{ applied }}.is_final_with_month
            and {{ add_seconds(periods ~ '.month_ends_at', 3600 * var('settling_hours') | float) }} > {{ as_of() }},
            false
        )
    )
{%- endmacro %}
