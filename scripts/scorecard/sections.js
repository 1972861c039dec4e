// The page from top to bottom: each function draws one part of it for one choice.

const PROGRESS = { met: 'met', missed: 'missed', on_track: 'on track', off_track: 'off track', too_early: 'too early to tell', no_data: 'no data' };
const VERDICT = { better: 'better', worse: 'worse', unclear: 'no clear effect', too_early: 'too early to tell', too_little_data: 'too little data', no_interval: 'no interval for this KPI' };
const STATE = { overdue: 'overdue', at_risk: 'at risk', on_track: 'on track' };
const STAGES = {
    triggered: 'Triggered',
    identity_passed: 'Identity passed',
    action_started: 'Action started',
    action_completed: 'Action completed',
    writeback_succeeded: 'Writeback acknowledged',
};
const PAIR = ['completion_rate', 'verified_writeback_rate'];

const workflowWords = (workflow) => (workflow === ALL ? 'all workflows' : words.name(workflow));
const cohortWords = (choice) => (isCohort(choice) ? `${words.name(choice.dimension)}: ${words.name(choice.value)}` : 'all cases');

function badge(cell) {
    const status = cell.status ?? (cell.provisional ? 'provisional' : null);
    if (!status) return html``;
    const [mark, word] = words.status(status);
    return html`<span class="badge is-${status}"><span aria-hidden="true">${mark}</span> ${word}</span>`;
}

function certainty(cell) {
    if (cell.certain === true) return 'certain';
    return cell.certain === false ? 'not certain' : '';
}

function sampleWords(figure) {
    const { cell } = figure;
    const parts = [figure.kpi.unit === 'count' ? '' : `n = ${words.count(cell.sample)}`];
    if (!isNone(cell.low)) parts.push(`95 % interval ${words.interval(cell.low, cell.high)}`);
    parts.push(certainty(cell));
    return parts.filter(Boolean).join(' · ').replace('95 %', `95${FIXED}%`);
}

function goalWords(page, figure, choice, isLong) {
    const { cell } = figure;
    const parts = [];
    if (!isNone(cell.target)) parts.push(`target ${say(page, figure, cell.target, [cell.value])}`);
    if (!isNone(figure.change)) parts.push(`${sayChange(page, figure)}${isLong ? ` on the ${isRolling(choice) ? 'four weeks' : 'week'} before` : ''}`);
    return parts.join(' · ');
}

function heading(page, choice) {
    const final = figureOf(page, choice, 'completion_rate').cell?.provisional === false;
    return html`<h1>Case resolution scorecard</h1>
<p class="about">${periodWords(choice)} · ${workflowWords(choice.workflow)} · ${cohortWords(choice)} · ${final ? 'final' : 'figures may still change'} · as of ${words.moment(page.run.as_of)} UTC</p>`;
}

// The week in a sentence, and what is behind it.
function verdict(page, choice) {
    const judged = figuresOf(page, choice, 'headline').filter(isShown).filter((figure) => ['red', 'amber', 'green'].includes(figure.cell.status));
    const red = judged.filter((figure) => figure.cell.status === 'red');
    const amber = judged.filter((figure) => figure.cell.status === 'amber');
    const [completion, verified] = PAIR.map((id) => figureOf(page, choice, id)).map((figure) => (isNone(figure.cell?.value) || !isShown(figure) ? null : sayValue(page, figure)));
    const pair =
        completion && verified
            ? `customers finished ${completion} of the cases that we wrote to, and ${verified} of the finished ones are acknowledged`
            : completion ? `customers finished ${completion} of the cases that we wrote to, and nothing is known yet of acknowledgements`
            : isShown({ kpi: page.kpi.completion_rate }) ? 'no case has been finished' : `these events can’t show how many cases customers finished${verified ? `; ${verified} of the finished ones are acknowledged` : ''}`;
    const count = `${red.length} of ${words.plural(judged.length, 'judged headline figure')} ${red.length === 1 ? 'is' : 'are'} beyond the red flag`;
    const state = red.length ? 'red' : amber.length ? 'amber' : judged.length ? 'green' : 'none';
    const lead = {
        red: ['Red', count],
        amber: ['Off target', `nothing is beyond a red flag, and ${amber.length} of ${words.plural(judged.length, 'judged headline figure')} ${amber.length === 1 ? 'is' : 'are'} off target`],
        green: ['On target', `all ${words.plural(judged.length, 'judged headline figure')} are on target`],
        none: ['No verdict', isCohort(choice) ? 'targets are judged for all cases of a workflow, not for a cohort' : 'nothing can be judged yet: the figures may still change, or there is too little data'],
    }[state];
    const chance = red.filter((figure) => figure.cell.certain === false).map((figure) => figure.kpi.title);
    return html`<p class="verdict is-${state}"><strong>${lead[0]}:</strong> ${pair}; ${lead[1]}${red.length ? `: ${listed(red.map((figure) => figure.kpi.title))}` : ''}.${systemWords(page, choice)}${chance.length ? html` <span class="soft">Chance may explain ${listed(chance)}.</span>` : ''}</p>`;
}

// a, b and c; of more than four the first three.
function listed(names) {
    const shown = names.length > 4 ? [...names.slice(0, 3), `${names.length - 3} more`] : names;
    return shown.length > 1 ? `${shown.slice(0, -1).join(', ')} and ${shown[shown.length - 1]}` : shown.join('');
}

// The system of record that lost most, where one lost five writes or more, and one of twenty or more.
function systemWords(page, choice) {
    const worst = healthRows(page, choice).filter((row) => row.settled > row.verified).sort((a, b) => (b.settled - b.verified) - (a.settled - a.verified))[0];
    const isNoise = !worst || worst.settled - worst.verified < 5 || worst.verified >= worst.settled * 0.95;
    if (isNoise || choice.workflow !== ALL || isCohort(choice)) return '';
    return html` ${worst.target_system} acknowledged ${words.count(worst.verified)} of ${words.plural(worst.settled, 'write')}${worst.top_error_reason ? html`, most often failing by ${worst.top_error_reason}` : ''}.`;
}

// The chosen week, the last complete one and the running one beside each other.
function weeksBeside(page, choice) {
    if (isCohort(choice)) return html``;
    const { running, complete } = runningWeek(page);
    const weeks = [...new Set([choice.week, complete, running].filter(Boolean))].sort();
    const title = (week) => (week === running ? 'running' : week === complete ? 'last complete' : 'chosen');
    const days = (week) => page.tables.backlog.filter((day) => day.workflow === choice.workflow && day.day >= week && day.day < addDays(week, 7));
    const sum = (week, column) => words.count(days(week).reduce((total, day) => total + day[column], 0));
    const end = (week, column) => (days(week).length ? words.count(days(week)[days(week).length - 1][column]) : NONE);
    const figure = (week, id) => {
        const found = figureOf(page, { ...choice, week, span: 'week' }, id);
        if (isNone(found.cell?.value)) return NONE;
        const open = found.cell.provisional ? ' so far' : '';
        return html`${sayValue(page, found)} ${['red', 'amber'].includes(found.cell.status) ? badge(found.cell) : ''} <span class="soft under">of ${words.count(found.cell.sample)}${open}</span>`;
    };
    const rows = [
        ['Triggered', (week) => sum(week, 'triggered')],
        ['Resolved', (week) => sum(week, 'resolved')],
        ['Closed', (week) => sum(week, 'closed')],
        ['Open', (week) => end(week, 'closing')],
        ['Overdue', (week) => end(week, 'overdue')],
        ...['completion_rate', 'verified_writeback_rate', 'writeback_success_rate', 'identity_pass_rate', 'sla_on_time_rate']
            .filter((id) => page.weekly[choice.workflow]?.[id] && page.kpi[id].coverage !== 'none')
            .map((id) => [page.kpi[id].title, (week) => figure(week, id)]),
    ];
    return section('weeks', 'Week by week',
        table('Weeks beside each other',
            [['Week of', 'text'], ...rows.map(([name]) => [name, 'num'])],
            weeks.map((week) => [html`${words.day(week)} <span class="soft">${title(week)}</span>`, ...rows.map(([, of]) => of(week))])),
        choice.week < (complete ?? running) ? html`<p class="note">Open and overdue: at the end of the week, or now. “So far”: the figure may still change, and has no verdict yet.</p>` : '');
}

function definition(page, choice, figure) {
    const { kpi, cell } = figure;
    const count = (value, text) => html`<dd>${text}${isNone(value) ? '' : html` <b>${kpi.unit === 'money' && value === cell.numerator ? words.money(value, page.run.reporting_currency) : words.count(value)}</b>`}</dd>`;
    return html`<details class="definition"><summary>What is counted, and which cases</summary>
<p>${kpi.sentence}</p>
<dl><dt>Counted</dt>${count(cell.numerator, kpi.numerator_definition)}
<dt>Out of</dt>${count(cell.denominator, kpi.denominator_definition)}
<dt>By week of</dt><dd>${kpi.clock}</dd>
${isNone(kpi.direction) ? '' : html`<dt>Good is</dt><dd>${kpi.direction}</dd>`}
${isNone(cell.baseline) ? '' : html`<dt>Baseline</dt><dd>${say(page, figure, cell.baseline)}</dd>`}
${isNone(cell.redFlag) ? '' : html`<dt>Red flag</dt><dd>${kpi.direction === 'lower' ? 'above' : 'below'} ${say(page, figure, cell.redFlag, [cell.value])}</dd>`}
${isNone(cell.owner) ? '' : html`<dt>Owner</dt><dd>${cell.owner}</dd>`}
${isNone(cell.action) ? '' : html`<dt>If it turns red</dt><dd>${cell.action}</dd>`}</dl>
${query('The query that lists its cases', casesOf(page, choice, kpi.kpi_id))}</details>`;
}

function tile(page, choice, figure, size) {
    const { kpi, cell } = figure;
    if (!isShown(figure)) {
        return html`<article class="tile is-none" id="kpi-${kpi.kpi_id}">
<header><h3>${kpi.title}</h3></header>
<p class="value is-empty">These events can’t show it: ${kpi.gaps}.</p></article>`;
    }
    const value = isNone(cell.value) ? html`<p class="value is-empty">${cell.status === 'no_data' || cell.denominator === 0 ? 'nothing happened' : NONE}</p>` : html`<p class="value${cell.status === 'too_little_data' || cell.provisional ? ' is-weak' : ''}">${sayValue(page, figure)}</p>`;
    return html`<article class="tile is-${cell.status ?? 'none'}" id="kpi-${kpi.kpi_id}">
<header><h3>${kpi.title}</h3>${badge(cell)}</header>
${value}
<p class="beside">${goalWords(page, figure, choice, PAIR.includes(kpi.kpi_id))}</p>
${trend(page, figure, size)}
<p class="sample">${sampleWords(figure)}</p>
${isNone(kpi.gaps) ? '' : html`<p class="sample">In part: ${kpi.gaps}.</p>`}
${definition(page, choice, figure)}</article>`;
}

function pair(page, choice) {
    const figures = PAIR.map((id) => figureOf(page, choice, id)).filter((figure) => figure.cell);
    if (figures.length === 0) return html`<section><p class="note">There is no figure for this choice.</p></section>`;
    return html`<section><h2 class="spoken">Completion and verified writeback</h2><div class="pair">${figures.map((figure) => tile(page, choice, figure, { width: 480, height: 84 }))}</div></section>`;
}

// What is red, then what is amber, each with owner and action.
function attention(page, choice) {
    if (isCohort(choice)) return html``;
    const figures = [...figuresOf(page, choice, 'headline'), ...figuresOf(page, choice, 'leading')].filter(isShown);
    const row = (figure) => {
        const { kpi, cell } = figure;
        return [
            html`${badge(cell)} <a href="#kpi-${kpi.kpi_id}">${kpi.title}</a>`,
            sayValue(page, figure),
            say(page, figure, cell.target, [cell.value]),
            say(page, figure, cell.redFlag, [cell.value]),
            words.count(cell.sample),
            { true: 'yes', false: 'no' }[cell.certain] ?? NONE,
            cell.owner ?? NONE,
            cell.action ?? NONE,
        ];
    };
    const columns = [['Figure', 'text'], ['Value', 'num'], ['Target', 'num'], ['Red flag', 'num'], ['n', 'num'], ['Certain?', 'text'], ['Owner', 'text'], ['Action', 'text']];
    const red = figures.filter((figure) => figure.cell.status === 'red');
    const amber = figures.filter((figure) => figure.cell.status === 'amber');
    return section('attention', 'What needs attention',
        red.length + amber.length
            ? table('Red, then off target', columns, [...red, ...amber].map(row))
            : html`<p class="note">Nothing that can be judged is off target.</p>`);
}

const ruleWords = (rule) => words.name(rule).replace(/^./, (letter) => letter.toUpperCase()).replace(/\bsla\b/i, 'SLA');

// Runs of a signal; those of single workflows go with the run of all of them, where there is one.
function folded(runs) {
    const isSame = (run) => (other) => other.rule_id === run.rule_id && other.dimension_value === run.dimension_value;
    const whole = runs.filter((run) => run.workflow === ALL);
    const alone = runs.filter((run) => run.workflow !== ALL && !whole.some(isSame(run)));
    const parts = (run) => [...new Set(runs.filter((other) => other.workflow !== ALL).filter(isSame(run)).map((other) => other.workflow))];
    return [...whole.map((run) => ({ ...run, parts: parts(run) })), ...alone.map((run) => ({ ...run, parts: [] }))];
}

function signals(page, choice) {
    if (isCohort(choice)) return html``;
    const mine = (row) => choice.workflow === ALL || row.workflow === choice.workflow;
    const runs = page.tables.signals.filter(mine);
    const last = addDays(choice.week, 6);
    const open = folded(runs.filter((run) => run.is_open));
    const past = folded(runs.filter((run) => !run.is_open && run.first_day <= last && run.last_day >= choice.week));
    const alerts = page.tables.alerts.filter((alert) => alert.week_start === choice.week && mine(alert));
    const confirmed = alerts.filter((alert) => alert.is_confirmed);
    const chance = alerts.length - confirmed.length;
    const signalRow = (state) => (run) => [
        html`<b>${run.severity}</b> ${ruleWords(run.rule_id)}${run.dimension === 'all' ? '' : html`: ${run.dimension_value}`}`,
        html`${workflowWords(run.workflow)}${run.parts.length ? html` <span class="soft">also ${run.parts.map(workflowWords).join(', ')}</span>` : ''}`,
        [...new Set([run.first_day, run.last_day])].map(words.day).join(' to '),
        html`${words.rate(run.denominator ? run.numerator / run.denominator : null)} <span class="soft">of ${words.count(run.denominator)}</span>`,
        words.rate(run.reference),
        state, run.owner ?? NONE, run.action ?? NONE,
    ];
    const alertRow = (alert) => {
        const figure = { kpi: page.kpi[alert.kpi_id] };
        return [
            html`<b>${alert.severity}</b> ${ruleWords(alert.rule_id)}`, workflowWords(alert.workflow), 'the week',
            html`${say(page, figure, alert.value, [alert.reference])} <span class="soft">of ${words.count(alert.sample_size)}</span>`, say(page, figure, alert.reference, [alert.value]),
            'confirmed', alert.owner ?? NONE, alert.action ?? NONE,
        ];
    };
    const rows = [...open.map(signalRow('open now')), ...confirmed.map(alertRow), ...past.map(signalRow('over'))];
    return section('signals', 'Signals and alerts',
        rows.length
            ? table('Signals and alerts', [['Rule', 'text'], ['Workflow', 'text'], ['When', 'text'], ['Rate', 'num'], ['Usual', 'num'], ['State', 'text'], ['Owner', 'text'], ['Action', 'text']], rows)
            : html`<p class="note">No signal is open, and no alert of this week is confirmed.</p>`,
        chance ? html`<p class="note">${words.plural(chance, 'other breach', 'other breaches')} of a weekly rule may be chance, and ${chance === 1 ? 'is' : 'are'} not shown.</p>` : '',
        query('The queries behind it', `select * from marts.rpt_signal where day between ${sqlText(choice.week)} and ${sqlText(last)} order by day, rule_id;\nselect * from marts.rpt_alert where week_start = ${sqlText(choice.week)} order by severity, rule_id;`));
}

function tiles(page, choice) {
    const figures = figuresOf(page, choice, 'headline').filter((figure) => !PAIR.includes(figure.kpi.kpi_id));
    if (figures.length === 0) return html``;
    return html`<section id="headline"><h2>Headline figures</h2><div class="tiles">${figures.map((figure) => tile(page, choice, figure))}</div></section>`;
}

// How the resolved cases of the period were resolved. Deflected = automated + self-cured; the rest had an agent.
function paths(page, choice) {
    const deflected = figureOf(page, choice, 'deflection_rate').cell;
    if (!deflected || !deflected.denominator || !isShown({ kpi: page.kpi.deflection_rate })) return html``;
    const selfCured = isShown({ kpi: page.kpi.self_cure_rate }) ? figureOf(page, choice, 'self_cure_rate').cell : null;
    const closed = figureOf(page, choice, 'closed_unresolved_rate').cell;
    const resolved = deflected.denominator;
    const parts = selfCured
        ? [['automated', 'By the customer in a message, acknowledged', deflected.numerator - selfCured.numerator],
           ['self-cured', 'Without an action in a message (self-cured)', selfCured.numerator],
           ['assisted', 'With an agent', resolved - deflected.numerator]]
        : [['automated', 'Without an agent', deflected.numerator], ['assisted', 'With an agent', resolved - deflected.numerator]];
    return section('paths', 'How cases were resolved',
        stacked(parts.map(([, title, count]) => `${title}: ${words.count(count)}`).join('; '), parts.map(([kind, , count]) => [kind, count])),
        table('Paths', [['Path', 'text'], ['Cases', 'num'], ['Share of resolved', 'num']],
            parts.map(([kind, title, count]) => [html`<span class="key ${kind}" aria-hidden="true"></span> ${title}`, words.count(count), words.rate(count / resolved)])),
        html`<p class="note">${words.plural(resolved, 'case')} resolved in the period.${closed && closed.denominator ? html` Of the ${words.plural(closed.denominator, 'case')} triggered in it, ${words.count(closed.numerator)} ${closed.numerator === 1 ? 'was' : 'were'} closed without being resolved${closed.provisional ? ' so far' : ''}.` : ''}</p>`,
        query('The query that lists them', `select case_id, resolution_path, resolved_at\nfrom marts.fct_case_journey\nwhere case_id in (\n    select case_id from marts.fct_kpi_contribution where kpi_id = 'deflection_rate' and ${where(page, choice)}\n)\norder by resolution_path, resolved_at`));
}

function funnel(page, choice) {
    const stages = page.funnel[choice.workflow]?.[choice.dimension]?.[choice.value];
    const index = page.weeks.indexOf(choice.week);
    if (!stages || !at(stages.triggered.cases, index)) return html``;
    const triggered = at(stages.triggered.cases, index);
    let before = null;
    const rows = Object.entries(stages).map(([stage, series]) => {
        const [cases, own] = [at(series.cases, index), at(series.own_event_cases, index)];
        const lost = before === null ? NONE : words.count(before - cases);
        before = cases;
        return [STAGES[stage] ?? words.name(stage), bar(own, cases - own, triggered), words.count(cases), words.count(own), words.count(cases - own),
            words.rate(cases / triggered), lost, words.minutes(at(series.median_minutes_from_trigger, index))];
    });
    return section('funnel', 'Where cases get stuck',
        table('Funnel', [['Stage', 'text'], ['', 'wide'], ['Reached', 'num'], ['Own event', 'num'], ['Skipped', 'num'], ['Of triggered', 'num'], ['Lost here', 'num'], ['Median since trigger', 'num']], rows),
        html`<p class="note">Cases triggered in the week of ${words.date(choice.week)}. A case that reached a later stage counts in those before it; “own event” counts those in which it was seen, “skipped” the others.</p>`,
        query('The query that lists its cases', `select case_id, workflow, stage, triggered_at\nfrom marts.fct_case_journey\nwhere case_id in (\n    select case_id from marts.fct_kpi_contribution where kpi_id = 'automated_resolution_rate' and ${where(page, { ...choice, span: 'week' })}\n)\norder by stage, triggered_at`));
}

function openCases(page, choice) {
    if (isCohort(choice)) return html``;
    const mine = (row) => choice.workflow === ALL || row.workflow === choice.workflow;
    const counts = page.tables.open_counts.filter(mine);
    const total = (state) => counts.filter((row) => row.state === state).reduce((sum, row) => sum + row.cases, 0);
    const stuck = new Map();
    for (const row of page.tables.open_by_stage.filter(mine)) {
        const sum = stuck.get(row.waiting_for) ?? { cases: 0, overdue: 0 };
        stuck.set(row.waiting_for, { cases: sum.cases + row.cases, overdue: sum.overdue + row.overdue });
    }
    const list = (state) => page.tables.open_cases.filter((row) => mine(row) && row.state === state).slice(0, 10);
    const row = (each) => [each.case_id, workflowWords(each.workflow), words.date(each.due_at), words.minutes(Math.abs(each.minutes_left)), words.name(each.waiting_for)];
    const cases = (title, left, rows) => rows.length ? html`<div><h3>${title}</h3>${table(title, [['Case', 'text'], ['Workflow', 'text'], ['Due', 'text'], [left, 'num'], ['Waits for', 'text']], rows.map(row))}</div>` : '';
    const [overdue, atRisk, onTrack] = ['overdue', 'at_risk', 'on_track'].map(total);
    const workflows = [...new Set(counts.map((each) => each.workflow))];
    return section('open', 'Open cases now',
        html`<p>${words.plural(overdue + atRisk + onTrack, 'open case')}: <b>${words.count(overdue)} overdue</b>, ${words.count(atRisk)} at risk (half of their time is used), ${words.count(onTrack)} on track.</p>`,
        html`<div class="columns">
<div><h3>By workflow</h3>${table('Open cases by workflow', [['Workflow', 'text'], ['Overdue', 'num'], ['At risk', 'num'], ['On track', 'num']],
            workflows.map((workflow) => [workflowWords(workflow), ...Object.keys(STATE).map((state) => words.count(counts.find((each) => each.workflow === workflow && each.state === state)?.cases ?? 0))]))}</div>
<div><h3>By what they wait for</h3>${table('Open cases by next stage', [['Waits for', 'text'], ['Open', 'num'], ['Overdue', 'num']], [...stuck].map(([stage, sum]) => [words.name(stage), words.count(sum.cases), words.count(sum.overdue)]))}</div>
${cases('Can still be saved, most urgent first', 'Left', list('at_risk'))}${cases('Overdue longest', 'Overdue by', list('overdue'))}</div>`,
        query('The query that lists them all', `select *\nfrom marts.rpt_open_case${choice.workflow === ALL ? '' : `\nwhere workflow = ${sqlText(choice.workflow)}`}\norder by state desc, minutes_left`));
}

function backlog(page, choice) {
    if (isCohort(choice)) return html``;
    const days = page.tables.backlog.filter((day) => day.workflow === choice.workflow);
    if (days.length < 2) return html``;
    const last = days[days.length - 1];
    return section('backlog', 'Backlog by day',
        html`<p><span class="key closing" aria-hidden="true"></span> ${words.count(last.closing)} open, <span class="key overdue" aria-hidden="true"></span> ${words.count(last.overdue)} of them overdue, at the end of ${words.date(last.day)}.</p>`,
        backlogChart(days, choice.week),
        query('The query behind it', `select *\nfrom marts.rpt_backlog_daily\nwhere workflow = ${sqlText(choice.workflow)}\norder by day`));
}

const healthRows = (page, choice) => page.tables.health.filter((row) => row.week_start === choice.week);

function health(page, choice) {
    const rows = healthRows(page, choice);
    if (isCohort(choice) || rows.length === 0) return html``;
    return section('health', 'Writebacks by system of record',
        table('Writeback health', [['System', 'text'], ['Writebacks', 'num'], ['Settled', 'num'], ['Acknowledged', 'num'], ['Share', 'num'], ['Retried', 'num'], ['Written twice', 'num'], ['9 of 10 on record within', 'num'], ['Main error', 'text']],
            rows.map((row) => [html`${row.target_system} <span class="soft">${row.adapter ?? 'adapter unknown'}</span>`, words.count(row.logical_writebacks), words.count(row.settled), words.count(row.verified),
                words.rate(row.settled ? row.verified / row.settled : null), words.count(row.retried), words.count(row.double_written), words.seconds(row.persist_seconds_p90), row.top_error_reason ?? NONE])),
        html`<p class="note">First attempted in the week of ${words.date(choice.week)}, all workflows.</p>`,
        query('The query that lists them', `select *\nfrom marts.fct_writeback\nwhere idempotency_key in (\n    select unit_id from marts.fct_kpi_contribution where kpi_id = 'writeback_success_rate' and week_start = ${sqlText(choice.week)}\n)\norder by first_attempted_at`));
}

function money(page, choice) {
    if (isCohort(choice)) return html``;
    const amount = (value) => words.money(value, page.run.reporting_currency);
    const mine = (row) => row.workflow === choice.workflow;
    const cost = isShown({ kpi: page.kpi.cost_per_resolved_case }) ? page.tables.costs.find((row) => mine(row) && row.week_start === choice.week) : null;
    const savings = page.tables.savings.filter(mine).slice(-6);
    const months = page.tables.effort.map((row) => row.month);
    const month = months.filter((each) => addMonth(each) <= page.run.today).sort().pop();
    const effort = page.tables.effort.filter((row) => (choice.workflow === ALL ? row.month === month : mine(row)));
    const fixes = page.tables.fixes.filter((fix) => choice.workflow === ALL || isNone(fix.workflow) || fix.workflow === choice.workflow);
    return section('money', 'Cost, savings, waste, and what to fix first',
        html`<div class="columns">
${cost ? html`<div><h3>Cost of a resolved case, week of ${words.day(cost.week_start)}${cost.is_provisional ? ' so far' : ''}</h3>${table('Cost of a resolved case', [['Part', 'text'], ['Per resolved case', 'num']], [
            ['Messaging', amount(cost.messaging_cost_per_resolved_case)], ['Agents', amount(cost.agent_cost_per_resolved_case)], ['Platform', amount(cost.platform_cost_per_resolved_case)],
            ['Fixed costs', amount(cost.fixed_cost_per_resolved_case)], [html`<b>All</b>`, html`<b>${amount(cost.cost_per_resolved_case)}</b>`]])}
<p class="note">${amount(cost.total_cost)} for ${words.plural(cost.resolved_cases, 'resolved case')}.</p></div>` : ''}
${savings.length ? html`<div><h3>Savings against the baseline</h3>${table('Savings', [['Month', 'text'], ['Resolved', 'num'], ['Per case', 'num'], ['Baseline', 'num'], ['Savings', 'num'], ['So far', 'num']],
            savings.map((row) => [html`${words.month(row.month)}${row.is_provisional ? html` <span class="soft">so far</span>` : ''}`, words.count(row.resolved_cases), amount(row.cost_per_resolved_case), amount(row.baseline_cost_per_resolved_case), amount(row.savings), amount(row.cumulative_savings)]))}</div>` : ''}
</div>
${effort.length ? html`<div class="block"><h3>Waste in manual work${choice.workflow === ALL ? html`, ${words.month(month)}` : ''}</h3>${table('Waste', [[choice.workflow === ALL ? 'Workflow' : 'Month', 'text'], ['Touches', 'num'], ['Preventable', 'num'], ['Manual time', 'num'], ['Waste', 'num'], ['Share', 'num'], ['Cost of waste', 'num']],
            effort.map((row) => [choice.workflow === ALL ? workflowWords(row.workflow) : words.month(row.month), words.count(row.touches), words.count(row.preventable_touches), words.minutes(row.manual_minutes), words.minutes(row.waste_minutes), words.rate(row.waste_share), amount(row.waste_cost)]))}</div>` : ''}
${fixes.length ? html`<div class="block"><h3>What to fix first</h3>${table('What to fix first', [['Fix', 'text'], ['Touches a month', 'num'], ['Time a month', 'num'], ['Cost a month', 'num'], ['Engineering', 'num'], ['Saved a month per hour of it', 'num']],
            fixes.map((fix) => [html`${fix.priority}. ${fix.title}${isNone(fix.workflow) ? '' : html` <span class="soft">${workflowWords(fix.workflow)}</span>`}`, words.count(fix.touches_per_month), words.minutes(fix.minutes_per_month), amount(fix.cost_per_month), isNone(fix.engineering_hours) ? NONE : `${words.count(fix.engineering_hours)}${FIXED}h`, amount(fix.monthly_savings_per_engineering_hour)]))}</div>` : ''}`,
        query('The queries behind it', `select * from marts.rpt_cost_weekly where workflow = ${sqlText(choice.workflow)} order by week_start;\nselect * from marts.rpt_savings_monthly where workflow = ${sqlText(choice.workflow)} order by month;\nselect * from marts.rpt_manual_effort_monthly order by month, workflow;\nselect * from marts.rpt_fix_priority order by priority;\nselect * from marts.fct_charge order by charged_at;`));
}

function addMonth(day) {
    const [year, month] = day.split('-').map(Number);
    return month === 12 ? `${year + 1}-01-01` : `${year}-${String(month + 1).padStart(2, '0')}-01`;
}

function progress(page, choice) {
    if (isCohort(choice)) return html``;
    const mine = (row) => choice.workflow === ALL || row.workflow === choice.workflow;
    const targets = page.tables.progress.filter(mine);
    const effects = page.tables.effects.filter((row) => mine(row) || row.workflow === ALL);
    if (targets.length + effects.length === 0) return html``;
    const figureFor = (row) => ({ kpi: page.kpi[row.kpi_id] });
    const effect = (row) => {
        const figure = figureFor(row);
        const range = isNone(row.ci_low) ? '' : html` <span class="soft">(${words.change(row.ci_low, 'rate').replace(`${FIXED}points`, '')} to ${words.change(row.ci_high, 'rate')})</span>`;
        return [row.description, html`${figure.kpi.title}, ${workflowWords(row.workflow)}`, words.date(row.changed_on), say(page, figure, row.before_value, [row.after_value]), say(page, figure, row.after_value, [row.before_value]),
            html`${words.change(row.difference, figure.kpi.unit, page.run.reporting_currency)}${range}`, VERDICT[row.verdict] ?? words.name(row.verdict)];
    };
    return section('progress', 'Targets with a date, and changes',
        targets.length ? html`<h3>On the way to a target</h3>${table('Progress of targets', [['Target', 'text'], ['Workflow', 'text'], ['Due', 'text'], ['Start', 'num'], ['Latest', 'num'], ['Target', 'num'], ['Time used', 'num'], ['Way covered', 'num'], ['State', 'text'], ['Owner', 'text']],
            targets.map((row) => { const figure = figureFor(row); return [figure.kpi.title, workflowWords(row.workflow), words.date(row.due_date), say(page, figure, row.start_value), say(page, figure, row.latest_value, [row.target]), say(page, figure, row.target, [row.latest_value]), words.rate(row.share_of_time), words.rate(row.share_of_way), html`<b>${PROGRESS[row.progress] ?? row.progress}</b>`, row.owner ?? NONE]; }))}` : '',
        effects.length ? html`<h3 class="next">Four weeks before and after a change</h3>${table('Effects of changes', [['Change', 'text'], ['Moves', 'text'], ['On', 'text'], ['Before', 'num'], ['After', 'num'], ['Difference', 'num'], ['Verdict', 'text']], effects.map(effect))}
<p class="note">Two periods are compared. That is no proof of a cause.</p>` : '');
}

function evidence(page, choice) {
    if (isCohort(choice)) return html``;
    const missing = page.tables.missing_evidence.filter((row) => choice.workflow === ALL || row.workflow === choice.workflow);
    const { violations, reconciliation } = page.tables;
    const sum = (column) => reconciliation.reduce((total, row) => total + row[column], 0);
    return section('evidence', 'Evidence and rules',
        html`<div class="columns">
<div><h3>Evidence that is missing</h3>${missing.length ? missingTable(missing) : html`<p class="note">None: every finished case has what its workflow requires.</p>`}
${query('The query that lists them', `select *\nfrom marts.rpt_missing_evidence${choice.workflow === ALL ? '' : `\nwhere workflow = ${sqlText(choice.workflow)}`}\norder by workflow, case_id`)}</div>
<div><h3>Rules that were broken, all workflows</h3>${violations.length ? table('Violations', [['Rule', 'text'], ['Violations', 'num'], ['Cases', 'num']], violations.map((row) => [words.name(row.kind), words.count(row.violations), words.count(row.cases)])) : html`<p class="note">None.</p>`}
${query('The query that lists them', 'select *\nfrom marts.rpt_integrity_violation\norder by kind, case_id')}</div></div>`,
        html`<p class="note">Of ${words.plural(sum('raw_rows'), 'raw row')}, ${words.count(sum('accepted_rows'))} were accepted, ${words.count(sum('duplicate_rows'))} delivered twice and ${words.count(sum('quarantined_rows'))} quarantined. For who did what in a case: <code>select * from marts.fct_case_event where case_id = '…' order by occurred_at</code></p>`);
}

// One row per workflow and kind of evidence, one column per path.
function missingTable(missing) {
    const paths = [...new Set(missing.map((row) => row.resolution_path))].sort();
    const lines = missing.filter((row, place) => missing.findIndex((other) => other.workflow === row.workflow && other.evidence_type === row.evidence_type) === place);
    const cases = (line, path) => missing.filter((row) => row.workflow === line.workflow && row.evidence_type === line.evidence_type && (path === null || row.resolution_path === path)).reduce((sum, row) => sum + row.cases, 0);
    return table('Missing evidence', [['Workflow', 'text'], ['Evidence', 'text'], ['Cases', 'num'], ...paths.map((path) => [words.name(path), 'num'])],
        lines.map((line) => [workflowWords(line.workflow), words.name(line.evidence_type), words.count(cases(line, null)), ...paths.map((path) => words.count(cases(line, path)))]));
}

function restatements(page, choice) {
    if (isCohort(choice)) return html``;
    const [all] = page.tables.restated;
    const rows = page.tables.restatements.filter((row) => row.workflow === choice.workflow).slice(0, 20);
    return section('restated', 'Published figures that have changed',
        all.figures === 0
            ? html`<p class="note">None: every figure is what it was when it was first published as final.</p>`
            : html`<p class="note">${words.plural(all.figures, 'figure')} of ${words.plural(all.weeks, 'week')} ${all.figures === 1 ? 'differs' : 'differ'} from what was first published as final.</p>`,
        table('Restated figures', [['Figure', 'text'], ['Week', 'text'], ['Published', 'num'], ['Now', 'num'], ['Since', 'text']],
            rows.map((row) => { const figure = { kpi: page.kpi[row.kpi_id] }; return [figure.kpi.title, words.date(row.week_start), say(page, figure, row.published_value, [row.restated_value]), say(page, figure, row.restated_value, [row.published_value]), words.moment(row.restated_as_of)]; })),
        all.figures ? query('The query that lists them', 'select *\nfrom marts.rpt_kpi_restatement\norder by restated_as_of desc, week_start') : '');
}

function leading(page, choice) {
    const figures = figuresOf(page, choice, 'leading');
    if (figures.length === 0) return html``;
    return html`<section id="leading"><h2>Leading indicators</h2><div class="tiles small">${figures.map((figure) => tile(page, choice, figure, { width: 240, height: 32 }))}</div></section>`;
}

function diagnostics(page, choice) {
    const figures = figuresOf(page, choice, 'diagnostic');
    if (figures.length === 0) return html``;
    return html`<section id="diagnostics"><details><summary><h2>Activity</h2> <span class="soft">opens, clicks, volumes: never a verdict</span></summary>
<div class="tiles small">${figures.map((figure) => tile(page, choice, figure, { width: 240, height: 32 }))}</div></details></section>`;
}

function howToRead(page) {
    return html`<section id="reading"><h2>How to read this page</h2>
<ul>
<li><b>No acknowledgement, no resolution.</b> A case counts as resolved only when the system of record has acknowledged everything that was written back.</li>
<li><b>Status.</b> ■ red flag: beyond the value at which somebody has to act. ▲ off target. ✓ on target. ? too little data: fewer units than a verdict needs. ◌ may still change: no verdict before a figure is final.</li>
<li><b>Certain</b> means that the whole 95${FIXED}% interval lies where the status says; “not certain” that chance may explain it.</li>
<li><b>+ and −</b> compare with the week before, or with the four weeks before. <b>n</b> is the number of units out of which a figure is counted. Open “What is counted, and which cases” below a figure for its definition, its two numbers and a query.</li>
<li><b>Trends.</b> One point a week; the scale is that of the final weeks. Dashed: may still change. Dashed levels: target (blue) and red flag (red). The bar through the chosen point is its interval.</li>
<li><b>Weeks</b> begin on Monday, ${page.run.reporting_timezone} time; money is in ${page.run.reporting_currency}. ${page.run.latest_final_week ? html`The latest week whose figures are final begins on ${words.date(page.run.latest_final_week)}; costs are final after the end of their month.` : 'No week is final yet.'}</li>
</ul>
<p class="note">As of ${words.moment(page.run.as_of)} UTC, closed_loop ${page.run.project_version}.</p></section>`;
}

// Links to the parts that this choice has.
function contents(parts) {
    const titles = { attention: 'Attention', signals: 'Signals', headline: 'Figures', paths: 'Paths', funnel: 'Funnel', open: 'Open cases', backlog: 'Backlog', health: 'Systems', money: 'Money', progress: 'Targets', evidence: 'Evidence', restated: 'Restated', leading: 'Leading', diagnostics: 'Activity', reading: 'How to read' };
    return html`<nav aria-label="Parts of the page">${Object.entries(titles).filter(([id]) => parts.includes(`<section id="${id}">`)).map(([id, title]) => html`<a href="#${id}">${title}</a> `)}</nav>`;
}

// The page for a choice, as HTML; the same text in the build and in the browser.
function render(page, choice) {
    const parts = [
        weeksBeside, pair, attention, signals, tiles, paths, funnel, openCases, backlog, health, money, progress, evidence, restatements, leading, diagnostics, howToRead,
    ].map((part) => part(page, choice).text).join('\n');
    return html`${heading(page, choice)}
${verdict(page, choice)}
${contents(parts)}
${isCohort(choice) ? html`<p class="note">Signals, open cases, money and evidence aren’t split by cohort: choose all cases to see them.</p>` : ''}
${new Markup(parts)}`.text;
}
