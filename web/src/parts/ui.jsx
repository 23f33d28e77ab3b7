// SPDX-License-Identifier: Apache-2.0
// Small pieces that every view uses: amounts, cards, dialogs, and the three states that anything loaded can be in.
import { useCallback, useEffect, useId, useRef, useState } from 'preact/hooks';
import { moneyParts } from '../format.js';
import { t } from '../words.js';
import { Icon } from './icons.jsx';

/* An amount with its symbol and cents set back. income: a plus and its colour. */
export function Money({ minor, currency, income, className }) {
    const p = moneyParts(minor, currency);
    return (
        <span class={`money ${income ? 'income' : ''} ${className ?? ''}`}>
            {income && minor > 0 ? '+' : p.sign}
            <span class="symbol">{p.symbol}</span>
            {p.whole}
            <span class="cents">{p.rest}</span>
        </span>
    );
}

export function Card({ title, aside, className, children, label }) {
    const id = useId();
    return (
        <section class={`card ${className ?? ''}`} aria-labelledby={title ? id : undefined} aria-label={title ? undefined : label}>
            {title && (
                <header class="card-head">
                    <h2 id={id}>{title}</h2>
                    {aside}
                </header>
            )}
            {children}
        </section>
    );
}

export function Loading({ lines = 3 }) {
    return (
        <div class="skeleton" role="status">
            <span class="hidden">{t('loading')}</span>
            {Array.from({ length: lines }, (_, i) => <span key={i} class="bone" />)}
        </div>
    );
}

export function Failed({ error, retry }) {
    return (
        <div class="state" role="alert">
            <Icon name="alert" />
            <strong>{t('failed.title')}</strong>
            <p>{error.message}</p>
            {retry && <button class="button" onClick={retry}>{t('retry')}</button>}
        </div>
    );
}

export function Quiet({ children }) {
    return <p class="quiet">{children}</p>;
}

/* The browser's own modal dialog: it keeps the focus inside, closes on Escape and gives the focus back. On a phone a sheet
 * from below, on a wide screen a drawer (or a box, with kind="box"). */
export function Dialog({ title, onClose, children, kind = 'drawer', footer }) {
    const dialog = useRef(null);
    const id = useId();
    useEffect(() => {
        const element = dialog.current;
        const before = document.activeElement;
        element.showModal();
        document.documentElement.classList.add('still');
        return () => {
            document.documentElement.classList.remove('still');
            element.close();
            if (before?.isConnected) before.focus();
        };
    }, []);
    const outside = (event) => {
        if (event.target === dialog.current) onClose();
    };
    return (
        <dialog ref={dialog} class={kind} aria-labelledby={id} onCancel={(event) => { event.preventDefault(); onClose(); }} onMouseDown={outside}>
            <div class="dialog-body">
                <header class="dialog-head">
                    <h2 id={id}>{title}</h2>
                    <button class="icon-button" aria-label={t('close')} onClick={onClose}><Icon name="close" /></button>
                </header>
                <div class="dialog-content">{children}</div>
                {footer && <footer class="dialog-foot">{footer}</footer>}
            </div>
        </dialog>
    );
}

/* What load() promises, anew whenever a key changes; the last value stays while a newer one is on its way. */
export function useLoad(load, keys) {
    const [state, setState] = useState({ loading: true });
    const turn = useRef(0);
    const start = useCallback(() => {
        const mine = ++turn.current;
        const abort = new AbortController();
        setState((old) => ({ ...old, loading: true, error: undefined }));
        load(abort.signal).then(
            (data) => mine === turn.current && setState({ data, loading: false }),
            (error) => mine === turn.current && error.name !== 'AbortError' && setState((old) => ({ data: old.data, error, loading: false })),
        );
        return () => abort.abort();
    }, keys);
    useEffect(start, [start]);
    return { ...state, reload: start };
}

let announcer = null;

/* A line that is shown for a few seconds and read out by screen readers. */
export function notify(text) {
    announcer?.(text);
}

export function Notices() {
    const [text, setText] = useState('');
    useEffect(() => {
        let timer;
        announcer = (next) => {
            clearTimeout(timer);
            setText(next);
            timer = setTimeout(() => setText(''), 5000);
        };
        return () => clearTimeout(timer);
    }, []);
    return <div class={`notice ${text ? 'shown' : ''}`} role="status" aria-live="polite">{text}</div>;
}
