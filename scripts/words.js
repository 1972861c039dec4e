// Values in words of a reader, the same in every place and language: 41 %, 3 h 20 min, $4.10, 11 May 2026. Null and unknown are a dash.

const NARROW = '\u202f'; // between thousands, as ISO 80000 writes them
const FIXED = '\u00a0'; // between a number and its unit
const NONE = '–';
const SYMBOLS = { USD: '$', EUR: '€', GBP: '£' };
const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];

const STATUS = {
    red: ['■', 'red flag'],
    amber: ['▲', 'off target'],
    green: ['✓', 'on target'],
    provisional: ['◌', 'may still change'],
    too_little_data: ['?', 'too little data'],
    no_data: ['–', 'no data'],
    no_target: ['–', 'no target'],
};

const isNone = (value) => value === null || value === undefined;

// Half away from zero, as people round; of the decimal number that the double stands for.
function rounded(value, decimals) {
    const size = Number(Math.abs(value).toPrecision(15));
    const text = (Math.round(Number(`${size}e${decimals}`)) / 10 ** decimals).toFixed(decimals);
    return value < 0 && Number(text) !== 0 ? `−${text}` : text;
}

function grouped(text) {
    const [whole, ...rest] = text.split('.');
    return [whole.replace(/\B(?=(\d{3})+$)/g, NARROW), ...rest].join('.');
}

// At or beyond 90 % and below 10 % a decimal matters; only all is 100 % and only none is 0 %.
function percentText(share, beside = []) {
    const percent = Number((share * 100).toPrecision(12));
    const size = Math.abs(percent);
    if (size > 0 && size < 0.1) return `below${FIXED}0.1`;
    if (size > 99.9 && size < 100) return `above${FIXED}99.9`;
    const others = beside.filter((other) => !isNone(other) && other !== share).map((other) => Number((other * 100).toPrecision(12)));
    let decimals = !Number.isInteger(percent) && (size < 10 || (size > 90 && size < 100)) ? 1 : 0;
    // A value that isn't its target doesn't look like it.
    while (decimals < 3 && others.some((other) => rounded(other, decimals) === rounded(percent, decimals))) decimals += 1;
    return rounded(percent, decimals);
}

const words = {
    // beside: figures that it is compared with.
    rate: (value, beside) => (isNone(value) ? NONE : `${percentText(value, beside)}${FIXED}%`),

    count: (value) => (isNone(value) ? NONE : grouped(rounded(value, Number.isInteger(value) ? 0 : 1))),

    money(value, currency) {
        if (isNone(value)) return NONE;
        const amount = grouped(rounded(Math.abs(value), Math.abs(value) < 1000 ? 2 : 0));
        const sign = value < 0 && /[1-9]/.test(amount) ? '−' : '';
        return SYMBOLS[currency] ? `${sign}${SYMBOLS[currency]}${amount}` : `${sign}${currency}${FIXED}${amount}`;
    },

    seconds(value) {
        if (isNone(value)) return NONE;
        const sign = value < 0 ? '−' : '';
        const size = Math.abs(value);
        if (size < 10) return `${sign}${rounded(size, Number.isInteger(size) ? 0 : 1)}${FIXED}s`;
        if (size < 59.5) return `${sign}${rounded(size, 0)}${FIXED}s`;
        const minutes = Math.round(size / 60);
        if (minutes < 60) return `${sign}${minutes}${FIXED}min`;
        const pair = (big, bigUnit, small, smallUnit) =>
            `${sign}${big}${FIXED}${bigUnit}${small ? `${FIXED}${small}${FIXED}${smallUnit}` : ''}`;
        if (minutes < 48 * 60) return pair(Math.floor(minutes / 60), 'h', minutes % 60, 'min');
        const hours = Math.round(size / 3600);
        return pair(grouped(String(Math.floor(hours / 24))), 'd', hours % 24, 'h');
    },

    minutes: (value) => (isNone(value) ? NONE : words.seconds(value * 60)),

    // A KPI's value by the unit in the catalogue.
    value: (value, unit, currency, beside) => (unit === 'rate' ? words.rate(value, beside) : words[unit](value, currency)),

    // A difference, with its sign; of rates in points.
    change(value, unit, currency) {
        if (isNone(value)) return NONE;
        const sign = value > 0 ? '+' : '';
        if (unit !== 'rate') return `${sign}${words.value(value, unit, currency)}`;
        const points = Number((value * 100).toPrecision(12));
        const decimals = Math.abs(points) < 9.95 && !Number.isInteger(points) ? 1 : 0;
        return `${sign}${rounded(points, decimals)}${FIXED}points`;
    },

    interval: (low, high) => (isNone(low) ? NONE : `${percentText(low)} to ${percentText(high)}${FIXED}%`),

    // 2026-05-11 -> 11 May 2026
    date(day) {
        if (isNone(day)) return NONE;
        const [year, month, date] = day.slice(0, 10).split('-');
        return `${Number(date)}${FIXED}${MONTHS[month - 1]}${FIXED}${year}`;
    },

    // 2026-05-11 -> 11 May
    day: (day) => (isNone(day) ? NONE : words.date(day).slice(0, -5)),

    // 2026-05-01 -> May 2026
    month: (day) => (isNone(day) ? NONE : words.date(day).replace(/^\S+?\u00a0/, '')),

    // 2026-05-11 09:00:00 -> 11 May 2026 09:00
    moment: (moment) => (isNone(moment) ? NONE : `${words.date(moment)}${FIXED}${moment.slice(11, 16)}`),

    // failed_payment -> failed payment; what users named themselves keeps its letters
    name: (name) => (isNone(name) ? NONE : name.replace(/_/g, ' ')),

    // A verdict as its shape and its word; nobody has to see the colour.
    status: (status) => STATUS[status] ?? ['', status],

    plural: (number, one, many = `${one}s`) => `${words.count(number)}${FIXED}${number === 1 ? one : many}`,
};
