// SPDX-License-Identifier: Apache-2.0
// A list of 100,000 records keeps few rows in the document wherever it is scrolled to, and shows there the records that belong there.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { check, leave, open, root, run, same, squeeze } from './support.mjs';

const rows = 100_000;

await run(async (browser, home) => {
    const bill = execFileSync('python3', [join(root, 'bench/make_bill.py'), '--rows', String(rows)], { maxBuffer: 1 << 28 });
    home.run('import', home.write('large.csv', bill));
    const total = home.run('ledger', '--limit', '1').total;
    check(total > rows * 0.9, `a large ledger: ${total}`);
    await home.serve();
    const page = await open(browser, home, { path: 'bills' });
    await page.waitForSelector('.record');
    for (const part of [0.5, 0.999, 0.123]) {
        await page.evaluate((at) => scrollTo(0, document.documentElement.scrollHeight * at), part);
        await page.waitForFunction(() => {
            const seen = [...document.querySelectorAll('.row')].filter((r) => r.getBoundingClientRect().bottom > 0 && r.getBoundingClientRect().top < innerHeight);
            return seen.length > 3 && seen.every((r) => r.querySelector('.record'));
        });
        const place = await page.evaluate(() => {
            const row = [...document.querySelectorAll('.row')].find((r) => r.getBoundingClientRect().top > 300);
            return { at: +row.getAttribute('aria-posinset'), text: row.innerText, count: document.querySelectorAll('.row').length };
        });
        check(place.count < 60, `${place.count} rows in the document`);
        const record = home.run('ledger', '--limit', String(place.at)).records.at(-1);
        check(squeeze(place.text).includes(squeeze(record.brand || record.merchant)) && place.text.includes(record.time.slice(11, 16)), `row ${place.at} is its record`);
    }
    same(await page.locator('.row').first().getAttribute('aria-setsize'), String(total), 'a screen reader is told how many there are');
    await leave(page);
});
