// SPDX-License-Identifier: Apache-2.0
// Ask: a question in plain words, the answer as it comes, and under every figure its records.
import { useEffect, useRef, useState } from 'preact/hooks';
import * as api from '../api.js';
import { Answer, figureValue } from '../parts/figures.jsx';
import { Icon } from '../parts/icons.jsx';
import { RowsDialog } from '../parts/rows_dialog.jsx';
import { has, t } from '../words.js';

const examples = [1, 2, 3, 4, 5, 6];
const longest = 500;     // characters of a question
let kept = [];           // the conversation, as long as the page is open: it is in no storage

export function Ask() {
    const [turns, setTurns] = useState(kept);
    const [text, setText] = useState('');
    const [figure, setFigure] = useState(null);
    const abort = useRef(null);
    const end = useRef(null);
    const input = useRef(null);
    const busy = turns.at(-1)?.state === 'asking';
    const put = (change) => {
        kept = change(kept);
        setTurns(kept);
    };
    const last = (values) => put((all) => [...all.slice(0, -1), { ...all.at(-1), ...values }]);
    const ask = async (question) => {
        if (!question || busy) return;
        setText('');
        put((all) => [...all, { question, state: 'asking' }]);
        abort.current = new AbortController();
        try {
            await api.stream('/ask', { question }, (event, data) => {
                if (event === 'status') last({ status: data.model ? t('ask.thinking.model', { name: data.model }) : t('ask.thinking') });
                if (event === 'answer') last({ state: 'answered', answer: data });
            }, abort.current.signal);
            if (kept.at(-1).state === 'asking') last({ state: 'failed', message: t('error.failed') });
        } catch (error) {
            last({ state: 'failed', message: error.name === 'AbortError' ? t('ask.stopped') : error.message });
        }
    };
    useEffect(() => () => abort.current?.abort(), []);
    useEffect(() => {
        if (turns.length) end.current?.scrollIntoView({ block: 'end' });
    }, [turns]);
    return (
        <div class="ask-view">
            <div class="ask-head">
                <h1>{turns.length ? t('ask.title') : t('ask.hello')}</h1>
                {turns.length > 0 && !busy && <button class="button small ghost" onClick={() => { put(() => []); input.current.focus(); }}>{t('ask.again')}</button>}
            </div>
            {turns.length === 0 && <Hello onAsk={ask} />}
            <div class="turns" aria-live="polite" aria-busy={busy}>
                {turns.map((turn, i) => <Turn key={i} turn={turn} onFigure={setFigure} />)}
            </div>
            <div ref={end} class="ask-end" />
            <form class="ask-box" onSubmit={(event) => { event.preventDefault(); busy ? abort.current.abort() : ask(text.trim()); }}>
                <input ref={input} type="text" enterKeyHint="send" autoComplete="off" maxLength={longest} value={text}
                    placeholder={t('ask.placeholder')} aria-label={t('ask.label')} onInput={(event) => setText(event.target.value)} />
                <button class="button primary round" aria-label={t(busy ? 'ask.stop' : 'ask.send')} disabled={!busy && !text.trim()}><Icon name={busy ? 'stop' : 'send'} /></button>
            </form>
            {figure && <RowsDialog title={`${figure.name} ${figureValue(figure)}`} ids={figure.records ?? []} onClose={() => setFigure(null)} />}
        </div>
    );
}

function Hello({ onAsk }) {
    return (
        <div class="hello">
            <p>{t('ask.hello.text')}</p>
            <h2>{t('ask.examples')}</h2>
            <div class="chips">
                {examples.map((n) => <button key={n} class="chip" onClick={() => onAsk(t(`ask.example.${n}`))}>{t(`ask.example.${n}`)}</button>)}
            </div>
        </div>
    );
}

function Turn({ turn, onFigure }) {
    const { answer } = turn;
    return (
        <article class="turn">
            <p class="question">{turn.question}</p>
            {turn.state === 'asking' && <div class="answer waiting"><span class="dots" aria-hidden="true"><i /><i /><i /></span>{turn.status || t('ask.thinking')}</div>}
            {turn.state === 'failed' && <div class="answer bad" role="alert"><strong>{t('ask.failed')}</strong><p>{turn.message}</p></div>}
            {turn.state === 'answered' && (
                <div class="answer">
                    <Answer answer={answer.answer} figures={answer.figures ?? []} onOpen={onFigure} />
                    <div class="answer-foot">
                        {has(`ask.route.${answer.route}`) && <span class="tag plain-tag">{t(`ask.route.${answer.route}`)}</span>}
                        {answer.explanation && <details><summary>{t('ask.how')}</summary><pre>{answer.explanation.trim()}</pre></details>}
                    </div>
                </div>
            )}
        </article>
    );
}
