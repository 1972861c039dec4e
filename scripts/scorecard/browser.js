// In the browser: unpacks the figures, offers the choices, and draws the page anew with the functions of the build. Nothing leaves the page.

(async () => {
    const packed = document.getElementById('figures').textContent;
    const stream = new Blob([Uint8Array.from(atob(packed), (character) => character.charCodeAt(0))]).stream();
    const page = prepare(await new Response(stream.pipeThrough(new DecompressionStream('gzip'))).json());
    const form = document.getElementById('choice');
    const main = document.querySelector('main');
    let choice = JSON.parse(main.dataset.choice);

    const fill = (select, options) =>
        select.replaceChildren(...options.map(([value, text, group]) => {
            const option = new Option(text, value);
            option.dataset.group = group ?? '';
            return option;
        }));
    fill(form.week, [...page.weeks].reverse().map((week) => [week, words.date(week)]));
    fill(form.workflow, page.workflows.map(({ workflow }) => [workflow, workflowWords(workflow)]));
    const cohortKey = (dimension, value) => JSON.stringify([dimension, value]);
    form.cohort.replaceChildren(
        new Option('all cases', cohortKey('all', 'all')),
        ...Object.entries(page.cohorts).map(([dimension, values]) => {
            const group = document.createElement('optgroup');
            group.label = words.name(dimension);
            group.append(...values.map((value) => new Option(words.name(value), cohortKey(dimension, value))));
            return group;
        }));

    function show() {
        const open = [...main.querySelectorAll('details[open]')].map((details) => details.closest('[id]')?.id).filter(Boolean);
        form.week.value = choice.week;
        form.workflow.value = choice.workflow;
        form.cohort.value = cohortKey(choice.dimension, choice.value);
        form.span.value = isRolling(choice) ? 'rolling' : 'week';
        form.span.forEach((button) => { button.disabled = isCohort(choice) && button.value === 'rolling'; });
        form.older.disabled = choice.week === page.weeks[0];
        form.newer.disabled = choice.week === page.weeks[page.weeks.length - 1];
        main.innerHTML = render(page, choice);
        main.dataset.choice = JSON.stringify(choice);
        for (const id of open) document.getElementById(id)?.querySelector('details')?.setAttribute('open', '');
        document.title = titleOf(choice);
        document.getElementById('spoken').textContent = document.title;
    }

    form.addEventListener('change', (event) => {
        const [dimension, value] = JSON.parse(form.cohort.value);
        const workflow = form.workflow.value;
        const span = event.target === form.workflow ? spanFor(workflow) : form.span.value;
        choice = { week: form.week.value, workflow, dimension, value, span };
        show();
    });
    const step = (by) => {
        choice = { ...choice, week: page.weeks[page.weeks.indexOf(choice.week) + by] };
        show();
    };
    form.older.addEventListener('click', () => step(-1));
    form.newer.addEventListener('click', () => step(1));
    form.addEventListener('submit', (event) => event.preventDefault());
    // A link to a figure that is folded away opens what it is in.
    window.addEventListener('hashchange', () => {
        const details = document.getElementById(location.hash.slice(1))?.closest('details');
        if (details) details.open = true;
    });
    form.hidden = false;
    show();
    globalThis.scorecard = { page, render, show: (wanted) => { choice = { ...choice, ...wanted }; show(); } };
})();
