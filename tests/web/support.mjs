// SPDX-License-Identifier: Apache-2.0
// Shared by tests/web/*.mjs: an invented person's ledger, `tael serve` over it, and the page in Chromium. A test is a list of promises;
// the first that doesn't hold ends it. Whatever a test does, the page may ask nothing of any other host, break no rule of its
// content policy, and throw no error.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const tael = resolve(process.argv[2]);
export const web = join(dirname(tael), existsSync(join(dirname(tael), 'web')) ? 'web' : '../web');
export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
export const sizes = { phone: { width: 390, height: 844 }, desktop: { width: 1440, height: 900 } };

export function skip(why) {
    console.log(`SKIPPED: ${why}`);
    process.exit(77);
}

const chromiumPath = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find(existsSync);
if (!chromiumPath) skip('Chromium is not here; scripts/setup --checks installs it');
if (!existsSync(join(web, 'node_modules', 'playwright-core'))) skip('the page was not built (TAEL_WEB is off)');
const require = createRequire(join(resolve(web), 'package.json'));
const { chromium } = require('playwright-core');
export const axePath = require.resolve('axe-core/axe.min.js');

export function check(holds, what) {
    if (holds) return;
    throw new Error(`does not hold: ${what}`);
}

export function same(value, expected, what) {
    check(JSON.stringify(value) === JSON.stringify(expected), `${what}: ${JSON.stringify(value)} instead of ${JSON.stringify(expected)}`);
}

export const today = new Date(Date.now() + 8 * 3600e3).toISOString().slice(0, 10); // bills are of Shanghai

/* A home of Tael's in a folder of its own, gone at the end. */
export class Home {
    constructor() {
        this.folder = mkdtempSync(join(tmpdir(), 'tael-web-'));
        this.home = join(this.folder, 'home');
    }

    run(...args) {
        return JSON.parse(execFileSync(tael, ['--home', this.home, '--lang', 'zh', '--json', ...args], { maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'ignore'] }));
    }

    /* Nearly three years of a person with habits, up to today. */
    makeBill(name = 'bill.csv') {
        const file = join(this.folder, name);
        execFileSync('python3', [join(root, 'bench/habits/make_life.py'), '--seed', '1', '--unusual', '--out', file, '--to', today], { env: { ...process.env, PYTHONPATH: join(root, 'bench'), PYTHONDONTWRITEBYTECODE: '1' } });
        return file;
    }

    write(name, content) {
        const file = join(this.folder, name);
        writeFileSync(file, content);
        return file;
    }

    async serve(...options) {
        this.process = spawn(tael, ['--home', this.home, '--json', 'serve', ...(options.includes('--port') ? [] : ['--port', '0']), ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
        for await (const line of createInterface({ input: this.process.stdout })) {
            this.ready = JSON.parse(line);
            return this.ready;
        }
        throw new Error('tael serve did not start');
    }

    async stop() {
        check(this.process.exitCode === null, 'the service is alive at the end');
        const ended = new Promise((done) => this.process.once('exit', done));
        this.process.kill('SIGTERM');
        await ended;
        this.process = null;
    }

    async close() {
        if (this.process) await this.stop();
        rmSync(this.folder, { recursive: true, force: true });
    }
}

/* The page of a home at a size, in a theme and a language. */
export async function open(browser, home, { size = 'phone', theme = 'light', language = 'zh', path = '', scale = 1 } = {}) {
    const context = await browser.newContext({ viewport: sizes[size], deviceScaleFactor: scale, colorScheme: theme, reducedMotion: 'reduce', locale: language === 'zh' ? 'zh-CN' : 'en-GB', acceptDownloads: true, hasTouch: size === 'phone' });
    const page = await context.newPage();
    page.faults = [];
    page.on('pageerror', (error) => page.faults.push(error.message));
    page.on('console', (message) => ['error', 'warning'].includes(message.type()) && !/Failed to load resource/.test(message.text()) && page.faults.push(message.text()));
    page.on('request', (request) => {
        const url = new URL(request.url());
        if (url.protocol === 'http:' || url.protocol === 'https:' || url.protocol === 'ws:') {
            if (url.origin !== home.ready.address) page.faults.push(`asked ${url.origin}`);
        }
    });
    await page.goto(home.ready.page);
    await page.goto(`${home.ready.address}/#/${path}`);
    await page.waitForSelector('main *');
    return page;
}

export async function leave(page) {
    same(page.faults, [], 'the page has no fault');
    await page.context().close();
}

/* Runs test(browser, home) with both given back whatever happens. */
export async function run(test) {
    const home = new Home();
    const browser = await chromium.launch({ executablePath: chromiumPath, args: ['--no-sandbox'] });
    let failed = null;
    try {
        await test(browser, home);
    } catch (error) {
        failed = error;
        if (process.env.TAEL_TEST_PICTURE) await browser.contexts().at(-1)?.pages()[0]?.screenshot({ path: process.env.TAEL_TEST_PICTURE });
    }
    await browser.close();
    await home.close().catch((error) => { failed ??= error; });
    if (failed) {
        console.error(failed);
        process.exit(1);
    }
    console.log('ok');
}

/* 123456 → ¥1,234.56, on another way than the page's. */
export function yuan(minor) {
    return `¥${(minor / 100).toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
}

export function squeeze(text) {
    return text.replace(/\s+/g, '');
}
