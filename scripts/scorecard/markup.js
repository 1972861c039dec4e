// HTML that can't be broken by a text of the data: whatever isn't markup already is escaped.

class Markup {
    constructor(text) {
        this.text = text;
    }
}

const ESCAPES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function markup(value) {
    if (value instanceof Markup) return value.text;
    if (Array.isArray(value)) return value.map(markup).join('');
    if (value === null || value === undefined || value === false) return '';
    return String(value).replace(/[&<>"']/g, (character) => ESCAPES[character]);
}

function html(strings, ...values) {
    return new Markup(strings.reduce((text, string, index) => text + markup(values[index - 1]) + string));
}

// A table that scrolls by itself where the page is narrow; one of many columns is read row by row on a phone. columns: [title, class] of each; rows: arrays of cells, the first a row header.
function table(label, columns, rows) {
    if (rows.length === 0) return html``;
    const head = columns.map(([title, kind]) => (title ? html`<th scope="col" class="${kind}">${title}</th>` : html`<td class="${kind}"></td>`));
    const body = rows.map(
        (cells) => html`<tr>${cells.map((cell, index) =>
            index === 0
                ? html`<th scope="row" class="${columns[0][1]}">${cell}</th>`
                : html`<td class="${columns[index][1]}" data-title="${columns[index][0]}">${cell}</td>`,
        )}</tr>`,
    );
    return html`<div class="scroll" role="region" aria-label="${label}" tabindex="0"><table${columns.length > 5 ? new Markup(' class="many"') : ''}><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>`;
}

function section(id, title, ...parts) {
    return html`<section id="${id}"><h2>${title}</h2>${parts}</section>`;
}

function query(title, sql) {
    return html`<details class="query"><summary>${title}</summary><pre tabindex="0">${sql}</pre></details>`;
}

const sqlText = (text) => `'${text.replace(/'/g, "''")}'`;
