import { readFileSync } from 'node:fs';
import { askQuestion, dropFiles, startApp } from './browser/app.ts';
import { violations } from './browser/axe.ts';
import { SAMPLE, temporaryFolder } from './integration/command.ts';

const app = await startApp(temporaryFolder());
const page = await app.open({ bypassCSP: true, viewport: { width: 1400, height: 1100 } });
const WAIT = { timeout: 240_000 };
await dropFiles(page, [{ name: 'katrine-papers.pdf', bytes: readFileSync(SAMPLE) }]);
await page.locator('[data-reading="read"]').waitFor(WAIT);
await askQuestion(page, 'What is the opening date of Wendover Library?');
await page.locator('.chip').first().click(WAIT);
await page.locator('.gauge .summary').click();
await page.waitForTimeout(1500);
await page.screenshot({ path: '/tmp/p14/answer.png' });
await page.getByRole('switch').click();
await askQuestion(page, 'What is the opening date of Wendover Library?');
await page.locator('.verdict').waitFor(WAIT);
await page.waitForTimeout(500);
await page.screenshot({ path: '/tmp/p14/compare.png' });
await page.getByRole('button', { name: 'Settings' }).click();
await page.locator('.plans li[data-plan="small"] p').first().waitFor(WAIT);
await page
  .getByText(/takes [\d.]+ MiB/)
  .first()
  .waitFor(WAIT);
await page.screenshot({ path: '/tmp/p14/settings.png' });
console.log('axe', JSON.stringify(await violations(page)), 'problems', JSON.stringify(app.problems));
await page.locator('input[name="plan"][value], .plans input').nth(3).focus();
await page.keyboard.press('ArrowUp');
await page.waitForTimeout(1500);
await page.screenshot({ path: '/tmp/p14/settings2.png' });
await page.setViewportSize({ width: 520, height: 1000 });
await page.screenshot({ path: '/tmp/p14/settings-narrow.png' });
await app.stop();
process.exit();
