// SPDX-License-Identifier: Apache-2.0
// An answer's words with its figures found again in them, so that each becomes a button to its records. An amount is matched by its
// minor units, a number by its value, each figure once and in order.
import { money } from '../format.js';
import { t } from '../words.js';

const pattern = /([−-]?)(?:¥|CN¥|\$|HK\$|€|£)\s?(\d[\d,]*)(?:\.(\d{1,2}))?|(\d[\d,]*)(?:\.(\d+))?/g;

function minorOf(sign, whole, cents) {
    return (sign ? -1 : 1) * Number(whole.replace(/,/g, '') + (cents ?? '').padEnd(2, '0'));
}

/* text, figures → [string | { text, figure }] and the figures that the text doesn't hold. */
export function splitFigures(text, figures) {
    const left = figures.filter((figure) => figure.records?.length);
    const parts = [];
    let at = 0;
    for (const match of text.matchAll(pattern)) {
        const [all, sign, whole, cents, plain, fraction] = match;
        const index = left.findIndex((figure) => (whole !== undefined
            ? figure.minor !== undefined && Math.abs(figure.minor) === Math.abs(minorOf(sign, whole, cents))
            : figure.value !== undefined && !fraction && figure.value === Number(plain.replace(/,/g, '')) && !/[-\d年月日]/.test(text[match.index + all.length] ?? '')));
        if (index < 0) continue;
        parts.push(text.slice(at, match.index), { text: all, figure: left[index] });
        left.splice(index, 1);
        at = match.index + all.length;
    }
    parts.push(text.slice(at));
    return { parts: withNames(parts, left).filter((part) => part !== ''), left };
}

/* A figure may be a name or a day: 最多的是 餐饮. */
function withNames(parts, left) {
    for (const figure of left.filter((one) => typeof one.value === 'string' && one.value)) {
        const index = parts.findIndex((part) => typeof part === 'string' && part.includes(figure.value));
        if (index < 0) continue;
        const [before, ...after] = parts[index].split(figure.value);
        parts.splice(index, 1, before, { text: figure.value, figure }, after.join(figure.value));
        left.splice(left.indexOf(figure), 1);
    }
    return parts;
}

export function figureValue(figure) {
    return figure.minor !== undefined ? money(figure.minor, figure.currency) : String(figure.value);
}

/* Signs that may not begin a line, or end one, stay with the button beside them. */
const closing = /^[，。、；：！？）」』”,.;:!?)%]+/;
const opening = /[（「『“(]$/;

function glued(parts) {
    const out = [];
    parts.forEach((part, i) => {
        if (typeof part !== 'string') {
            const before = typeof parts[i - 1] === 'string' ? (opening.exec(parts[i - 1])?.[0] ?? '') : '';
            const after = typeof parts[i + 1] === 'string' ? (closing.exec(parts[i + 1])?.[0] ?? '') : '';
            out.push({ ...part, before, after });
            return;
        }
        let text = part;
        if (typeof parts[i - 1] === 'object') text = text.replace(closing, '');
        if (typeof parts[i + 1] === 'object') text = text.replace(opening, '');
        if (text) out.push(text);
    });
    return out;
}

/* Four amounts or more that stand side by side are easier to see than to read. */
function Bars({ figures, onOpen }) {
    const most = Math.max(1, ...figures.map((figure) => figure.minor));
    return (
        <ul class="plain figure-bars">
            {figures.map((figure, i) => (
                <li key={i}>
                    <button onClick={() => onOpen(figure)} aria-label={t('ask.figure.open', { name: figure.name, value: figureValue(figure) })}>
                        <span>{figure.name}</span>
                        <span class="figure-bar"><i style={{ width: `${Math.max(0, (figure.minor / most) * 100)}%` }} /></span>
                        <b>{figureValue(figure)}</b>
                    </button>
                </li>
            ))}
        </ul>
    );
}

function comparable(figures) {
    const money = figures.filter((figure) => figure.minor !== undefined);
    if (money.length < 4 || money.some((figure) => figure.currency !== money[0].currency || figure.minor < 0)) return null;
    const dated = money.every((figure) => /^\d{4}-\d\d/.test(figure.name));
    return dated ? money : money.sort((a, b) => b.minor - a.minor);
}

export function Answer({ answer, figures, onOpen }) {
    const bars = comparable(figures);
    const { parts, left } = splitFigures(answer, bars ? [] : figures);
    const button = (figure, text) => (
        <button class="figure" aria-label={t('ask.figure.open', { name: figure.name, value: text })} onClick={() => onOpen(figure)}>{text}</button>
    );
    return (
        <>
            <p class={`answer-text ${bars ? 'told' : ''}`}>{glued(parts).map((part, i) => (typeof part === 'string' ? part : <span key={i} class="together">{part.before}{button(part.figure, part.text)}{part.after}</span>))}</p>
            {bars && <Bars figures={bars} onOpen={onOpen} />}
            {left.length > 0 && (
                <div class="figures">
                    <span>{t('ask.figures')}</span>
                    {left.map((figure, i) => <span key={i} class="figure-chip"><small>{figure.name}</small>{button(figure, figureValue(figure))}</span>)}
                </div>
            )}
        </>
    );
}
