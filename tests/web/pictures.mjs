// SPDX-License-Identifier: Apache-2.0
// Takes the pictures of docs/images, on demand: node tests/web/pictures.mjs build/release/tael. The ledger is an invented person's.
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { check, open, root, run } from './support.mjs';

const mostBytes = 150_000;
const pictures = [
    { name: 'page-home', size: 'desktop', path: 'home', ready: '.chart canvas' },
    { name: 'page-home-phone', size: 'phone', scale: 1.5, theme: 'dark', path: 'home', ready: '.chart canvas' },
    { name: 'page-ask-phone', size: 'phone', scale: 1.5, path: 'ask', ready: '.chip', ask: '今年每个月花了多少' },
    { name: 'page-bills', size: 'desktop', language: 'en', path: 'bills', ready: '.record' },
];

await run(async (browser, home) => {
    home.run('import', home.makeBill());
    await home.serve();
    mkdirSync(join(root, 'docs/images'), { recursive: true });
    for (const { name, ready, ask, ...options } of pictures) {
        const page = await open(browser, home, options);
        await page.waitForSelector(ready);
        if (ask) {
            await page.locator('.ask-box input').fill(ask);
            await page.keyboard.press('Enter');
            await page.waitForSelector('.answer-text');
            await page.evaluate(() => { document.activeElement.blur(); scrollTo(0, 0); });
        }
        await page.waitForLoadState('networkidle');
        const path = join(root, 'docs/images', `${name}.png`);
        await page.screenshot({ path });
        check(statSync(path).size <= mostBytes, `${name} has ${statSync(path).size} bytes`);
        await page.context().close();
    }
});
