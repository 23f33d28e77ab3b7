// SPDX-License-Identifier: Apache-2.0
// Bills before they are taken in: each file is read without writing anything, and shown with what is new, what is known, and which
// lines are left out and why. A locked archive asks for its password.
import { useEffect, useState } from 'preact/hooks';
import * as api from '../api.js';
import { count } from '../format.js';
import { has, t } from '../words.js';
import { Dialog, Loading } from './ui.jsx';

const longestList = 200; // lines left out that are shown one by one

function importPath(file, values) {
    return `/import${api.query({ name: file.name, ...values })}`;
}

function formatName(format) {
    const bank = format?.split('_')[0];
    return has(`source.${bank}`) ? t(`source.${bank}`) : format;
}

function sum(files, field) {
    return files.reduce((all, f) => all + (f[field] ?? 0), 0);
}

export function ImportDialog({ files, onClose, onDone }) {
    const [rows, setRows] = useState(() => files.map((file) => ({ file })));
    const [busy, setBusy] = useState(false);
    const [error, setError] = useState(null);
    const put = (index, values) => setRows((old) => old.map((row, i) => (i === index ? { ...row, ...values } : row)));
    const preview = async (index, password) => {
        put(index, { locked: false, error: null, result: null });
        try {
            const result = await api.upload(importPath(files[index], { dry_run: 1, password }), files[index]);
            put(index, { result, password });
        } catch (failure) {
            put(index, failure.code === 'password' ? { locked: true, wrong: password ? failure : null } : { error: failure });
        }
    };
    useEffect(() => {
        (async () => {
            for (let i = 0; i < files.length; i++) await preview(i);
        })();
    }, []);
    const ready = rows.filter((row) => row.result);
    const fresh = sum(ready.map((row) => row.result), 'imported');
    const waiting = rows.some((row) => !row.result && !row.error && !row.locked);
    const take = async () => {
        setBusy(true);
        setError(null);
        let added = 0;
        try {
            for (const row of ready) added += (await api.upload(importPath(row.file, { password: row.password }), row.file)).imported;
            onDone(added);
        } catch (failure) {
            setError(failure);
            setBusy(false);
        }
    };
    const footer = (
        <>
            {error && <p class="bad" role="alert">{error.message}</p>}
            <p class="dialog-note">{t('import.nothing.saved')}</p>
            <button class="button" onClick={onClose}>{t('cancel')}</button>
            <button class="button primary" disabled={busy || waiting || fresh === 0} onClick={take}>
                {busy ? t('import.doing') : fresh || waiting ? t('import.do', { count: count(fresh) }) : t('import.nothing')}
            </button>
        </>
    );
    return (
        <Dialog title={t('import.title')} onClose={onClose} kind="box" footer={footer}>
            <div aria-live="polite">
                {rows.map((row, i) => <FilePreview key={i} row={row} onPassword={(password) => preview(i, password)} />)}
            </div>
        </Dialog>
    );
}

function FilePreview({ row, onPassword }) {
    const { file, result } = row;
    if (row.locked) return <Locked row={row} onPassword={onPassword} />;
    if (row.error) return <section class="file"><h3>{file.name}</h3><p class="bad" role="alert">{row.error.message}</p></section>;
    if (!result) return <section class="file"><h3>{file.name}</h3><p class="quiet">{t('import.reading', { name: file.name })}</p><Loading lines={1} /></section>;
    return result.files.map((part, i) => <PartPreview key={i} part={part} name={part.file ?? file.name} />);
}

function PartPreview({ part, name }) {
    return (
        <section class="file">
            <h3>{name.split('/').at(-1)} {part.format && <small>{formatName(part.format)}</small>}</h3>
            {part.error ? <p class="bad" role="alert">{part.error.message ?? part.error}</p> : (
                <dl class="counts">
                    <div><dt>{t('import.rows')}</dt><dd>{count(part.rows)}</dd></div>
                    <div class="new"><dt>{t('import.new')}</dt><dd>{count(part.imported)}</dd></div>
                    <div><dt>{t('import.known')}</dt><dd>{count(part.duplicates)}</dd></div>
                    <div class={part.skipped.length ? 'warn' : ''}><dt>{t('import.skipped')}</dt><dd>{count(part.skipped.length)}</dd></div>
                </dl>
            )}
            {part.skipped?.length > 0 && (
                <details>
                    <summary>{t('import.skipped.why', { count: count(part.skipped.length) })}</summary>
                    <ul class="skipped">{part.skipped.slice(0, longestList).map((line, i) => <li key={i}><span>{t('import.line', { line: line.line })}</span> {line.reason}</li>)}</ul>
                </details>
            )}
        </section>
    );
}

function Locked({ row, onPassword }) {
    const [password, setPassword] = useState('');
    return (
        <form class="file" onSubmit={(event) => { event.preventDefault(); onPassword(password); }}>
            <h3>{row.file.name}</h3>
            <p>{t('import.password')}</p>
            <label class="field">
                <span>{t('import.password.label', { name: row.file.name })}</span>
                <input type="password" autoComplete="off" required value={password} onInput={(event) => setPassword(event.target.value)} />
                <small>{t('import.password.hint')}</small>
            </label>
            {row.wrong && <p class="bad" role="alert">{row.wrong.message}</p>}
            <button class="button primary">{t('import.unlock')}</button>
        </form>
    );
}
