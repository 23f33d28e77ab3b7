// SPDX-License-Identifier: Apache-2.0
// How quick the page is here, on demand: node tests/web/measure.mjs build/release/tael. Prints how long Home takes from the address to its
// figures (new browser profile, median of five), and how even the frames are while 100,000 records fly by.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { open, root, run, sizes } from './support.mjs';

const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];

await run(async (browser, home) => {
    const bill = execFileSync('python3', [join(root, 'bench/make_bill.py'), '--rows', '100000'], { maxBuffer: 1 << 28 });
    const person = home.makeBill();
    home.run('import', person);
    await home.serve();
    for (const size of Object.keys(sizes)) {
        const times = [];
        for (let i = 0; i < 5; i++) {
            const context = await browser.newContext({ viewport: sizes[size], locale: 'zh-CN' });
            const page = await context.newPage();
            const began = performance.now();
            await page.goto(home.ready.page, { waitUntil: 'commit' });
            await page.waitForSelector('.month .hero');
            times.push(performance.now() - began);
            await context.close();
        }
        console.log(`Home, ${size}: ${Math.round(median(times))} ms to the month's figures`);
    }
    home.run('import', home.write('large.csv', bill));
    const page = await open(browser, home, { path: 'bills' });
    await page.waitForSelector('.record');
    await browser.startTracing(page, { categories: ['devtools.timeline'] });
    const frames = await page.evaluate(() => new Promise((done) => {
        const gaps = [];
        let last = performance.now();
        const step = (now) => {
            gaps.push(now - last);
            last = now;
            scrollBy(0, 400); // 24,000 pixels a second: a hard fling
            if (gaps.length < 300) requestAnimationFrame(step);
            else done(gaps.slice(5));
        };
        requestAnimationFrame(step);
    }));
    const sorted = frames.sort((a, b) => a - b);
    const at = (part) => sorted[Math.floor(sorted.length * part)].toFixed(1);
    console.log(`100,000 records flung: frame ${at(0.5)} ms median, ${at(0.95)} ms 95th, ${at(0.999)} ms longest`);
    const { traceEvents } = JSON.parse((await browser.stopTracing()).toString());
    const cpu = (name) => traceEvents.filter((e) => e.name === name).reduce((sum, e) => sum + (e.tdur ?? 0), 0) / 1000 / frames.length;
    console.log(`processor time of each frame: script ${cpu('FunctionCall').toFixed(1)} ms, style ${cpu('UpdateLayoutTree').toFixed(1)} ms, layout ${cpu('Layout').toFixed(1)} ms, paint ${cpu('Paint').toFixed(1)} ms`);
    const search = [];
    for (const word of ['咖啡', '地铁', '超市', '充值', '2026']) {
        const began = performance.now();
        const answer = page.waitForResponse((r) => r.url().includes(`text=${encodeURIComponent(word)}`));
        await page.getByLabel('搜索账单').fill(word);
        await answer;
        search.push(performance.now() - began - 250); // the pause after the last key
    }
    console.log(`search in 100,000 records: ${Math.round(median(search))} ms after the pause of 250 ms`);
});
