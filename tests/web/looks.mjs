// SPDX-License-Identifier: Apache-2.0
// Every view at both sizes, in light and dark, Chinese and English: nothing wider than the screen, no serious finding of axe-core, the
// words of the language alone, and the whole first view small.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { axePath, check, leave, open, run, same, sizes, web } from './support.mjs';

const views = { home: '.month', ask: '.chip', bills: '.record', models: '.model', privacy: '.learned .item' };
const firstViewBytes = 300_000; // gzipped

function smallEnough() {
    const dist = join(web, 'dist');
    const bytes = ['index.html', ...readdirSync(join(dist, 'assets')).map((name) => `assets/${name}`)]
        .reduce((sum, name) => sum + gzipSync(readFileSync(join(dist, name))).length, 0);
    check(bytes < firstViewBytes, `the first view has ${bytes} bytes`);
}

async function fits(page, where) {
    const wide = await page.evaluate(() => [...document.querySelectorAll('body *')]
        .filter((e) => !e.closest('.hidden, .u-wrap, .skip') && e.getBoundingClientRect().right > innerWidth + 1 && getComputedStyle(e).position !== 'fixed')
        .map((e) => e.className || e.tagName).slice(0, 5));
    same(wide, [], `${where}: what is wider than the screen`);
}

async function accessible(page, where) {
    const result = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
    const found = result.violations.filter((v) => ['serious', 'critical'].includes(v.impact));
    same(found.map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => n.target.join(' ')).join(', ')}`), [], `${where}: axe`);
}

/* What opens over a view or in it: an answer with its figures, filters, a record, the word that erases. */
async function opened(page, where) {
    await page.evaluate(() => { location.hash = '#/ask'; });
    for (const n of [0, 4]) {
        if (n > 0) await page.locator('.ask-head .button').click(); // a conversation hides the examples
        await page.locator('.chip').nth(n).click();
        await page.waitForSelector('.answer-text');
        await fits(page, `answer ${n}, ${where}`);
        await accessible(page, `answer ${n}, ${where}`);
    }
    await page.evaluate(() => { location.hash = '#/bills'; });
    await page.locator('.find-line .button').click();
    await page.waitForSelector('.filters');
    await page.locator('.record').first().click();
    await page.waitForSelector('.category-form select');
    await fits(page, `record, ${where}`);
    await accessible(page, `record, ${where}`);
    await page.keyboard.press('Escape');
    await accessible(page, `filters, ${where}`);
    await page.evaluate(() => { location.hash = '#/privacy'; });
    await page.locator('.privacy-side .button.danger').click();
    await page.waitForSelector('.erase');
    await fits(page, `erase, ${where}`);
    await accessible(page, `erase, ${where}`);
    await page.keyboard.press('Escape');
}

await run(async (browser, home) => {
    smallEnough();
    home.run('import', home.makeBill());
    await home.serve();
    for (const size of Object.keys(sizes)) {
        for (const [theme, language] of [['light', 'zh'], ['dark', 'en'], ['light', 'en'], ['dark', 'zh']]) {
            const page = await open(browser, home, { size, theme, language });
            await page.evaluate(readFileSync(axePath, 'utf8')); // by the debugger: the page's policy would refuse a script's element
            for (const [view, ready] of Object.entries(views)) {
                const where = `${view}, ${size}, ${theme}, ${language}`;
                await page.evaluate((name) => { location.hash = `#/${name}`; }, view);
                await page.waitForSelector(ready);
                await fits(page, where);
                await accessible(page, where);
                const title = await page.title();
                check(language === 'zh' ? /[一-鿿]/.test(title) : /^[\x20-\x7e·]+$/.test(title), `${where}: the title's language`);
            }
            await opened(page, `${size}, ${theme}, ${language}`);
            same(await page.evaluate(() => Object.keys(localStorage)), [], `${size}: nothing kept in the browser unless a switch was used`);
            await leave(page);
        }
    }
});
