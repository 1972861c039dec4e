// Trends and bars as SVG. Every chart has its words beside it or in its label; nothing can be read from it alone.

const number = (value) => String(Math.round(value * 10) / 10);

// A KPI by week: final weeks as a line, provisional ones dashed and hollow. The final weeks and the target set the scale.
function trend(page, figure, { width = 240, height = 48 } = {}) {
    const { cells, index, cell, kpi } = figure;
    const known = cells.map((each, week) => ({ ...each, week })).filter((each) => !isNone(each.value));
    if (known.length < 2) return html``;
    const settled = known.filter((each) => !each.provisional);
    const scaled = (settled.length > 1 ? settled : known).map((each) => each.value);
    const lines = [cell?.target, cell?.redFlag].filter((value) => !isNone(value));
    let [low, high] = [Math.min(...scaled, ...lines), Math.max(...scaled, ...lines)];
    if (low === high) [low, high] = [low - 1, high + 1];
    const [left, top, inner, tall] = [5, 5, width - 10, height - 10];
    const x = (week) => left + (inner * week) / Math.max(cells.length - 1, 1);
    const y = (value) => top + tall * (1 - (Math.min(Math.max(value, low), high) - low) / (high - low));
    const path = (points) => points.map((each, place) => `${place ? 'L' : 'M'}${number(x(each.week))} ${number(y(each.value))}`).join('');
    // Runs of neighbouring weeks; a step to a provisional week is drawn as provisional.
    const runs = (isDashed) => {
        const found = [];
        known.forEach((each, place) => {
            const before = known[place - 1];
            if (!before || before.week !== each.week - 1 || Boolean(each.provisional || before.provisional) !== isDashed) return;
            const last = found[found.length - 1];
            if (last && last[last.length - 1] === before) last.push(each);
            else found.push([before, each]);
        });
        return found.map(path).join('');
    };
    const level = (value, kind) =>
        isNone(value) ? '' : html`<line class="${kind}" x1="${left}" x2="${left + inner}" y1="${number(y(value))}" y2="${number(y(value))}"/>`;
    const dots = known.filter((each) => each.status === 'red' && each.week !== index);
    const chosen = known.find((each) => each.week === index);
    const values = settled.map((each) => each.value);
    const range = values.length
        ? `final weeks between ${say(page, figure, Math.min(...values))} and ${say(page, figure, Math.max(...values))}`
        : 'no final week yet';
    const label = `${kpi.title}, ${words.plural(known.length, 'week')} from ${words.date(page.weeks[known[0].week])}: ${range}`;
    return html`<svg class="trend" viewBox="0 0 ${width} ${height}" role="img" aria-label="${label}">
${level(cell?.redFlag, 'flag')}${level(cell?.target, 'goal')}
<path class="line" d="${runs(false)}"/><path class="line open" d="${runs(true)}"/>
${dots.map((each) => html`<circle class="was-red" cx="${number(x(each.week))}" cy="${number(y(each.value))}" r="1.8"/>`)}
${chosen && !isNone(chosen.low) ? html`<line class="whisker" x1="${number(x(index))}" x2="${number(x(index))}" y1="${number(y(chosen.low))}" y2="${number(y(chosen.high))}"/>` : ''}
${chosen ? html`<circle class="chosen is-${chosen.status ?? 'none'}" cx="${number(x(index))}" cy="${number(y(chosen.value))}" r="3.6"/>` : ''}
</svg>`;
}

// Shares of one whole in a bar; parts: [class, count].
function stacked(label, parts) {
    const total = parts.reduce((sum, [, count]) => sum + count, 0);
    let left = 0;
    const bars = parts.filter(([, count]) => count > 0).map(([kind, count]) => {
        const width = (count / total) * 600;
        const bar = html`<rect class="${kind}" x="${number(left)}" y="0" width="${number(Math.max(width - 1, 0.5))}" height="18"/>`;
        left += width;
        return bar;
    });
    return html`<svg class="stacked" viewBox="0 0 600 18" preserveAspectRatio="none" role="img" aria-label="${label}">${bars}</svg>`;
}

// A bar of a table's row: what is counted for itself solid, what was skipped light.
function bar(own, skipped, whole) {
    const width = (count) => (whole ? (count / whole) * 200 : 0);
    return html`<svg class="bar" viewBox="0 0 200 12" preserveAspectRatio="none" aria-hidden="true"><rect class="own" x="0" y="0" width="${number(width(own))}" height="12"/><rect class="skipped" x="${number(width(own))}" y="0" width="${number(width(skipped))}" height="12"/></svg>`;
}

// Open and overdue cases at the end of each day; week: the Monday of the chosen one.
function backlogChart(days, week) {
    const [width, height, left, bottom] = [760, 130, 30, 16];
    const most = Math.max(...days.map((day) => day.closing), 1);
    const x = (place) => left + ((width - left - 4) * place) / Math.max(days.length - 1, 1);
    const y = (count) => 6 + (height - bottom - 6) * (1 - count / most);
    const path = (column) => days.map((day, place) => `${place ? 'L' : 'M'}${number(x(place))} ${number(y(day[column]))}`).join('');
    const area = (column) => `${path(column)}L${number(x(days.length - 1))} ${number(y(0))}L${number(x(0))} ${number(y(0))}Z`;
    const chosen = days.findIndex((day) => day.day >= week);
    const last = days[days.length - 1];
    const months = days.map((day, place) => [day.day, place]).filter(([day]) => day.endsWith('-01'));
    const label = `Backlog from ${words.date(days[0].day)} to ${words.date(last.day)}: ${words.count(days[0].closing)} open at first, ${words.count(last.closing)} at last, of them ${words.count(last.overdue)} overdue; at most ${words.count(most)}`;
    return html`<div class="scroll" role="region" aria-label="Backlog by day" tabindex="0"><svg class="backlog" viewBox="0 0 ${width} ${height}" role="img" aria-label="${label}">
${chosen >= 0 ? html`<rect class="band" x="${number(x(chosen))}" y="6" width="${number(Math.max(x(Math.min(chosen + 6, days.length - 1)) - x(chosen), 2))}" height="${height - bottom - 6}"/>` : ''}
${[0, most].map((count) => html`<line class="grid" x1="${left}" x2="${width - 4}" y1="${number(y(count))}" y2="${number(y(count))}"/><text x="${left - 5}" y="${number(y(count) + 3.5)}" text-anchor="end">${words.count(count)}</text>`)}
${months.map(([day, place]) => html`<text x="${number(x(place))}" y="${height - 4}" text-anchor="middle">${words.month(day).slice(0, 3)}</text>`)}
<path class="overdue-area" d="${area('overdue')}"/><path class="line" d="${path('closing')}"/><path class="line overdue" d="${path('overdue')}"/>
</svg></div>`;
}
