// SPDX-License-Identifier: Apache-2.0
// Home shows what the commands say: the month's sum and forecast, categories, what recurs, what stands out; a wrong field, a float or
// another period in any of them shows another figure than the command's.
import { check, leave, open, run, same, squeeze, today, yuan } from './support.mjs';

const text = async (page, selector) => squeeze(await page.locator(selector).first().innerText());

async function empty(browser, home) {
    const page = await open(browser, home);
    await page.waitForSelector('.hero-empty');
    check(await page.getByText('先导入一份账单').isVisible(), 'an empty ledger says what to do');
    await page.getByRole('link', { name: '导入账单' }).click();
    await page.waitForSelector('.drop');
    check(await page.locator('.list-card .state').isVisible(), 'an empty list says so');
    await leave(page);
}

async function first(browser, home, bill) {
    const page = await open(browser, home);
    await page.getByRole('link', { name: '导入账单' }).click();
    await page.locator('input[type=file]').setInputFiles(bill);
    await page.waitForSelector('dialog .counts');
    await page.locator('dialog .button.primary').click();
    await page.waitForSelector('.month .hero');
    same(await page.locator('.banner.sample').count(), 0, 'the first bill leads back home');
    await leave(page);
}

async function figures(browser, home) {
    const page = await open(browser, home, { size: 'desktop' });
    await page.waitForSelector('.hero');
    same(await page.locator('.banner.sample').count(), 0, 'a real ledger is not called a sample');
    const forecast = home.run('habits', 'forecast').forecast;
    const all = forecast.find((f) => f.category === null);
    same(await text(page, '.month .hero'), yuan(all.spent_minor), 'what was spent this month');
    same(await text(page, '.expected strong'), yuan(Math.round(all.median_minor / 100) * 100).slice(0, -3), 'the expected month');
    const shown = await page.locator('.categories .bar-row').allInnerTexts();
    for (const category of forecast.filter((f) => f.category && f.spent_minor > 0).slice(0, 3)) {
        check(shown.some((row) => squeeze(row).includes(category.category + yuan(category.spent_minor))), `${category.category} with its sum`);
    }
    const recurring = home.run('habits', 'recurring').recurring.filter((r) => r.state !== 'ended');
    same(await page.locator('.recurs > .recurs-list > li').count(), recurring.length, 'all that recurs');
    const unusual = home.run('habits', 'unusual').unusual;
    same(await page.locator('.odd li').count(), Math.min(5, unusual.length), 'what stands out');
    await leave(page);
}

/* What the chart of months tells under the pointer. */
async function months(browser, home) {
    const page = await open(browser, home, { size: 'desktop' });
    const over = page.locator('.months .u-over');
    await over.scrollIntoViewIfNeeded();
    const box = await over.boundingBox();
    await page.mouse.move(box.x + box.width - 8, box.y + box.height / 2); // the last month
    const whole = (minor) => yuan(Math.floor((minor + 50) / 100) * 100).slice(0, -3);
    const month = today.slice(0, 7);
    const expected = `支出${whole(home.run('spend', '--month', month).minor)}·收入${whole(home.run('spend', '--income', '--month', month).minor)}`;
    check((await text(page, '.months .readout')).endsWith(expected), `the month's sums: ${await text(page, '.months .readout')} instead of ${expected}`);
    await leave(page);
}

async function reasons(browser, home) {
    const page = await open(browser, home);
    await page.waitForSelector('.recurs');
    const row = page.locator('.recurs .item-fold').first();
    check(!(await row.locator('.full').isVisible()), 'a reason is folded at first');
    await row.locator('summary').click();
    const why = home.run('habits', 'recurring').recurring[0].why;
    same(await row.locator('.full').innerText(), why, 'the reason, in the words of the command');
    await leave(page);
}

async function year(browser, home) {
    const page = await open(browser, home);
    await page.waitForSelector('.year');
    same(await page.locator('.year button[tabindex="0"]').count(), 1, 'the year is one stop of the Tab key');
    await page.locator('.year button[tabindex="0"]').focus();
    await page.keyboard.press('ArrowUp');
    const day = await page.evaluate(() => document.activeElement.dataset.day);
    const week = new Date(Date.parse(`${today}T00:00:00Z`) - 7 * 86400e3).toISOString().slice(0, 10);
    same(day, week, 'the up arrow goes a week back');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.list-head, .list-card .state');
    const rows = home.run('ledger', '--from', week, '--to', week).total;
    check(squeeze(await page.locator('.list-card').innerText()).includes(rows ? `共${rows}笔` : '没有符合条件的账单'), 'a day opens its records');
    await leave(page);
}

async function category(browser, home) {
    const page = await open(browser, home);
    await page.locator('.bar-row').first().click();
    await page.waitForSelector('.list-head');
    const [, search] = new URL(page.url()).hash.split('?');
    const name = new URLSearchParams(search).get('category');
    const rows = home.run('ledger', '--category', name, '--month', today.slice(0, 7)).total;
    check(squeeze(await page.locator('.list-head').innerText()).includes(`共${rows}笔`), 'a category opens its records of the month');
    await leave(page);
}

/* A household that was made up is marked as that, and one click takes it away. */
async function sample(browser, home, bill) {
    home.run('import', '--sample', bill);
    const page = await open(browser, home, { theme: 'dark' });
    await page.waitForSelector('.banner.sample');
    await page.getByRole('button', { name: '清除示例' }).click();
    await page.waitForSelector('.hero-empty');
    same(home.run('ledger', '--limit', '1').total, 0, 'the sample is gone');
    await leave(page);
}

await run(async (browser, home) => {
    await home.serve();
    await empty(browser, home);
    await sample(browser, home, home.makeBill());
    await first(browser, home, home.makeBill());
    await figures(browser, home);
    await months(browser, home);
    await reasons(browser, home);
    await year(browser, home);
    await category(browser, home);
});
