// SPDX-License-Identifier: Apache-2.0
// Calls to the server that this page came from, and to nobody else. Each carries the session's token and the page's language, so that
// the server's sentences come in the language of the page.
import { settings } from './settings.js';
import { t } from './words.js';

const token = document.querySelector('meta[name="tael-session"]')?.content ?? '';

export class ApiError extends Error {
    constructor(code, message, status) {
        super(message);
        this.code = code;
        this.status = status;
    }
}

function headers(more) {
    return { 'X-Tael-Session': token, 'Accept-Language': settings.language, ...more };
}

async function send(path, options) {
    let response;
    try {
        response = await fetch(`/api${path}`, { cache: 'no-store', ...options, headers: headers(options?.headers) });
    } catch (error) {
        if (error.name === 'AbortError') throw error;
        throw new ApiError('offline', t('error.offline'), 0);
    }
    if (response.ok) return response;
    let error;
    try {
        ({ error } = await response.json());
    } catch {
        // Not ours: a proxy's page, say.
    }
    if (response.status === 401) throw new ApiError('session', t('error.session'), 401);
    throw new ApiError(error?.code ?? 'failed', error?.message ?? t('error.status', { status: response.status }), response.status);
}

export function query(values) {
    const pairs = Object.entries(values).filter(([, value]) => value !== undefined && value !== null && value !== '');
    return pairs.length ? `?${new URLSearchParams(pairs)}` : '';
}

export async function get(path, signal) {
    return (await send(path, { signal })).json();
}

export async function post(path, body) {
    const response = await send(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
    return response.status === 204 ? {} : response.json();
}

export async function remove(path) {
    const response = await send(path, { method: 'DELETE' });
    return response.status === 204 ? {} : response.json();
}

export async function upload(path, file) {
    return (await send(path, { method: 'POST', headers: { 'Content-Type': 'application/octet-stream' }, body: file })).json();
}

export async function download(path) {
    const response = await send(path);
    const name = /filename="?([^";]+)"?/.exec(response.headers.get('Content-Disposition') ?? '')?.[1];
    return { blob: await response.blob(), name: name ?? 'tael-export.zip' };
}

/* Posts and reads server-sent events as they come: on(event, data). Ends when the stream does; an `error` event is thrown. */
export async function stream(path, body, on, signal) {
    const response = await send(path, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Accept: 'text/event-stream' },
        body: JSON.stringify(body),
        signal,
    });
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = '';
    for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        const blocks = (rest + value).split(/\r?\n\r?\n/);
        rest = blocks.pop();
        for (const block of blocks) {
            const lines = block.split(/\r?\n/);
            const name = lines.find((line) => line.startsWith('event:'))?.slice(6).trim() ?? 'message';
            const text = lines.filter((line) => line.startsWith('data:')).map((line) => line.slice(5).trimStart()).join('\n');
            if (!text) continue;
            const data = JSON.parse(text);
            if (name === 'error') throw new ApiError(data.error?.code ?? 'failed', data.error?.message ?? t('error.failed'), 200);
            on(name, data);
        }
    }
}
