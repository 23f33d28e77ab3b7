// SPDX-License-Identifier: Apache-2.0
// A question, its answer, and the records under each figure: the sum of the rows that a figure opens must be the figure.
import { check, leave, open, run, same, squeeze, today, yuan } from './support.mjs';

const cents = (text) => Number(squeeze(text).replace(/[^\d]/g, ''));

async function answered(page, number) {
    await page.waitForFunction((n) => document.querySelectorAll('.turn').length === n && !document.querySelector('.answer.waiting'), number);
    return page.locator('.turn').nth(number - 1);
}

async function figure(browser, home, options) {
    const page = await open(browser, home, { ...options, path: 'ask' });
    const english = options.language === 'en';
    await page.locator('.chip').first().click(); // coffee last month
    const turn = await answered(page, 1);
    const said = await turn.locator('.answer-text').innerText();
    check(/¥/.test(said), `an answer with an amount: ${said}`);
    const button = turn.locator('.figure').first();
    const amount = cents(await button.innerText());
    await button.press('Enter');
    const rows = page.locator('dialog .record');
    await rows.first().waitFor();
    const minors = await rows.locator('.money').allInnerTexts();
    same(minors.reduce((sum, text) => sum + cents(text), 0), amount, 'the sum of the rows');
    const count = squeeze(await page.locator('dialog .dialog-note').innerText());
    same(count, english ? `${minors.length}records` : `${minors.length}笔`, 'how many rows');
    await rows.first().click();
    await page.locator('.category-form select').waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    same(await page.locator('dialog').count(), 0, 'Escape closes one dialog after the other');
    check(await button.evaluate((b) => b === document.activeElement), 'and gives the focus back to the figure');
    await turn.locator('details summary').click();
    check((await turn.locator('pre').innerText()).length > 10, 'how it was computed');
    await leave(page);
}

async function many(browser, home) {
    const page = await open(browser, home, { path: 'ask' });
    await page.getByLabel('您的问题').fill('今年每个月花了多少');
    await page.keyboard.press('Enter');
    const turn = await answered(page, 1);
    const months = home.run('spend', '--from', `${today.slice(0, 4)}-01-01`, '--by', 'month').groups;
    same(await turn.locator('.figure-bars li').count(), months.length, 'a bar for each month');
    await page.goto(page.url().replace('/ask', '/home'));
    await page.waitForSelector('.month');
    await page.goto(page.url().replace('/home', '/ask'));
    same(await page.locator('.turn').count(), 1, 'the conversation outlives a look at another view');
    await page.getByRole('button', { name: '清空对话' }).click();
    same(await page.locator('.turn').count(), 0, 'and can be cleared');
    await leave(page);
}

/* An answer may be a name: it opens its records as an amount does. */
async function name(browser, home) {
    const page = await open(browser, home, { path: 'ask', size: 'desktop' });
    const top = home.run('spend', '--from', `${today.slice(0, 4)}-01-01`, '--by', 'category').groups[0];
    await page.getByLabel('您的问题').fill('今年哪个类别花得最多');
    await page.keyboard.press('Enter');
    const turn = await answered(page, 1);
    same(await turn.locator('.figure').allInnerTexts(), [top.key, yuan(top.minor)], 'a name and an amount to open');
    await turn.locator('.figure').first().click();
    await page.locator('dialog .record').first().waitFor();
    same(squeeze(await page.locator('dialog .dialog-note').innerText()), `${top.count}笔`, 'all of its records');
    await leave(page);
}

async function failed(browser, home) {
    const page = await open(browser, home, { path: 'ask' });
    await page.route('**/api/ask', (route) => route.abort());
    await page.getByLabel('您的问题').fill('上个月花了多少');
    await page.getByRole('button', { name: '提问' }).click();
    const turn = await answered(page, 1);
    check((await turn.locator('[role=alert]').innerText()).includes('连不上'), 'a failure says what to do');
    await leave(page);
}

await run(async (browser, home) => {
    home.run('import', home.makeBill());
    await home.serve();
    await figure(browser, home, { size: 'phone', language: 'zh' });
    await figure(browser, home, { size: 'desktop', language: 'en', theme: 'dark' });
    await many(browser, home);
    await name(browser, home);
    await failed(browser, home);
});
