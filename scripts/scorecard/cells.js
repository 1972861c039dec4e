// What the figures say about a choice: week, workflow, cohort, and whether a week or the four weeks that end with it.

const ALL = '(all)';

function prepare(figures) {
    const { numerator, denominator, ci_low, ci_high } = figures.intervals;
    const intervals = new Map(numerator.map((above, index) => [`${above}/${denominator[index]}`, [ci_low[index], ci_high[index]]]));
    const kpi = Object.fromEntries(figures.kpis.map((each) => [each.kpi_id, each]));
    const tables = {};
    for (const [name, columns] of Object.entries(figures.tables)) {
        const names = Object.keys(columns);
        const length = names.length ? columns[names[0]].length : 0;
        tables[name] = Array.from({ length }, (_, row) => Object.fromEntries(names.map((column) => [column, columns[column][row]])))
            .filter((row) => isNone(row.kpi_id) || isShown({ kpi: kpi[row.kpi_id] }));
    }
    return { ...figures, tables, intervals, read: new Map(), kpi };
}

const isCohort = (choice) => choice.dimension !== 'all';
const isRolling = (choice) => choice.span === 'rolling' && !isCohort(choice);

// KPI -> series of the choice.
function seriesOf(page, choice) {
    if (isCohort(choice)) return page.cohort_cells[choice.workflow]?.[choice.dimension]?.[choice.value] ?? {};
    return (isRolling(choice) ? page.rolling : page.weekly)[choice.workflow] ?? {};
}

const at = (values, index) => (Array.isArray(values) ? values[index] : values ?? null);

// One cell, or null where the mart has none.
function cellAt(page, series, kpi, index) {
    const of = (name) => at(series[name], index);
    const [numerator, denominator] = [of('numerator'), of('denominator')];
    const value = of('value') ?? (denominator && numerator !== null ? numerator / denominator : null);
    if (numerator === null && denominator === null && value === null) return null;
    const [low, high] = (kpi.unit === 'rate' && page.intervals.get(`${numerator}/${denominator}`)) || [null, null];
    return {
        numerator, denominator, value, low, high,
        sample: of('sample_size') ?? denominator ?? 0,
        provisional: of('is_provisional'),
        baseline: of('baseline_value'),
        target: of('target'),
        redFlag: of('red_flag'),
        status: of('status'),
        certain: of('is_certain'),
        owner: of('owner'),
        action: of('action'),
    };
}

// The cells of a series by week; read once.
function cellsOf(page, choice, id) {
    const series = seriesOf(page, choice)[id];
    if (!series) return page.weeks.map(() => null);
    if (!page.read.has(series)) {
        const cells = page.weeks.map((_, week) => cellAt(page, series, page.kpi[id], week));
        // Whether a cohort's figure may still change is the workflow's to say.
        const provisional = page.weekly[choice.workflow]?.[id]?.is_provisional;
        cells.forEach((cell, week) => { if (cell) cell.provisional ??= at(provisional, week); });
        page.read.set(series, cells);
    }
    return page.read.get(series);
}

// The cell of the choice, with its KPI, all weeks beside it, and the difference to the one before.
function figureOf(page, choice, id) {
    const kpi = page.kpi[id];
    const index = page.weeks.indexOf(choice.week);
    const cells = cellsOf(page, choice, id);
    const before = isRolling(choice) ? index - 4 : index - 1;
    const [cell, prior] = [cells[index], cells[before]];
    const change = cell && prior && cell.value !== null && prior.value !== null ? cell.value - prior.value : null;
    return { kpi, cell, cells, index, change };
}

const figuresOf = (page, choice, tier) =>
    page.kpis.filter((kpi) => kpi.tier === tier).map((kpi) => figureOf(page, choice, kpi.kpi_id)).filter((figure) => figure.cell);

// Of a KPI that these events can't show, every figure would mislead: it is null, or the same whatever happens.
const isShown = (figure) => figure.kpi.coverage !== 'none';

const say = (page, figure, value, beside) => words.value(value, figure.kpi.unit, page.run.reporting_currency, beside);
const sayValue = (page, figure) => say(page, figure, figure.cell.value, [figure.cell.target, figure.cell.redFlag]);
const sayChange = (page, figure) => words.change(figure.change, figure.kpi.unit, page.run.reporting_currency);

// The weeks of the choice as a condition in SQL, and its workflow; column: of the week's Monday.
function where(page, choice, column = 'week_start') {
    const weeks = isRolling(choice)
        ? `${column} between ${sqlText(page.weeks[Math.max(page.weeks.indexOf(choice.week) - 3, 0)])} and ${sqlText(choice.week)}`
        : `${column} = ${sqlText(choice.week)}`;
    return choice.workflow === ALL ? weeks : `${weeks} and workflow = ${sqlText(choice.workflow)}`;
}

// The query that lists the units of a figure, case by case.
function casesOf(page, choice, id) {
    const cohort = !isCohort(choice) ? '' : `
    and case_id in (
        select case_id from marts.fct_case_journey
        where ${choice.dimension} ${choice.value === '(none)' ? 'is null' : `= ${sqlText(choice.value)}`}
    )`;
    return `select case_id, unit_id, clock_at, workflow, numerator, denominator, observed_value
from marts.fct_kpi_contribution
where kpi_id = ${sqlText(id)} and ${where(page, choice)}${cohort}
order by clock_at, case_id, unit_id`;
}

const periodWords = (choice) =>
    isRolling(choice) ? `Four weeks to ${words.date(addDays(choice.week, 6))}` : `Week of ${words.date(choice.week)}`;

const titleOf = (choice) => `Scorecard: ${periodWords(choice)}, ${workflowWords(choice.workflow)}`;

function addDays(day, days) {
    return new Date(Date.parse(`${day}T00:00:00Z`) + days * 86400000).toISOString().slice(0, 10);
}

// The Monday of the week in which the build's moment lies, and the one before.
function runningWeek(page) {
    const running = page.weeks.filter((week) => week <= page.run.today).pop() ?? page.weeks[page.weeks.length - 1];
    const before = addDays(running, -7);
    return { running, complete: page.weeks.includes(before) ? before : null };
}

const spanFor = (workflow) => (workflow === ALL ? 'week' : 'rolling');

// What the page shows first: the latest final week, else the last complete one.
function defaultChoice(page, week, workflow) {
    const { running, complete } = runningWeek(page);
    const final = page.weeks.includes(page.run.latest_final_week) ? page.run.latest_final_week : null;
    const chosen = workflow ?? ALL;
    return { week: week ?? final ?? complete ?? running, workflow: chosen, dimension: 'all', value: 'all', span: spanFor(chosen) };
}
