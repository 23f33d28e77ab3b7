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
    return { parts: parts.filter((part) => part !== ''), left };
}

export function figureValue(figure) {
    return figure.minor !== undefined ? money(figure.minor, figure.currency) : String(figure.value);
}

export function Answer({ answer, figures, onOpen }) {
    const { parts, left } = splitFigures(answer, figures);
    const button = (figure, text) => (
        <button class="figure" aria-label={t('ask.figure.open', { name: figure.name, value: text })} onClick={() => onOpen(figure)}>{text}</button>
    );
    return (
        <>
            <p class="answer-text">{parts.map((part) => (typeof part === 'string' ? part : button(part.figure, part.text)))}</p>
            {left.length > 0 && (
                <div class="figures">
                    <span>{t('ask.figures')}</span>
                    {left.map((figure, i) => <span key={i} class="figure-chip"><small>{figure.name}</small>{button(figure, figureValue(figure))}</span>)}
                </div>
            )}
        </>
    );
}
