// Firefox, driven over WebDriver BiDi: one command a line as JSON, one answer a line. The test is the person.
import { createInterface } from 'node:readline'
import puppeteer from 'puppeteer-core'

const [executablePath, scripts, patience] = process.argv.slice(2)
const browser = await puppeteer.launch({
  browser: 'firefox',
  executablePath,
  headless: true,
  extraPrefsFirefox: { 'intl.accept_languages': 'en-GB, en' },
})
const page = await browser.newPage()
// BiDi cannot switch scripts off in Firefox; none that arrives is the same to a page that allows no other.
if (scripts === 'off') {
  await page.setRequestInterception(true)
  page.on('request', (request) => (request.url().endsWith('.js') ? request.abort() : request.continue()))
}
page.setDefaultTimeout(Number(patience))

const named = (role, name) => page.locator(`::-p-aria([role="${role}"][name="${name}"])`)

const commands = {
  goto: async (url) => {
    await page.goto(url)
  },
  // Pages answer a click with another page or, where a script says so, with a dialog: the test waits for what has to come.
  press: async (name) => {
    await named('button', name).click()
  },
  follow: async (name) => {
    await named('link', name).click()
  },
  tick: async (name) => {
    await named('checkbox', name).click()
  },
  fill: async (selector, value) => {
    await page.locator(selector).fill(value)
  },
  key: async (name) => {
    await page.keyboard.press(name)
  },
  // Looked up and read in one call: a node that is kept between two calls may be gone with its page.
  heading: async () =>
    page.evaluate(() => (document.querySelector('dialog[open] h1') ?? document.querySelector('main h1')).textContent.trim()),
  text: async (selector) => page.evaluate((wanted) => document.querySelector(wanted).textContent, selector),
  has: async (selector) => page.evaluate((wanted) => document.querySelector(wanted) !== null, selector),
  url: async () => page.url(),
  version: async () => browser.version(),
}

// A locator looks again by itself, and what it looked at may go with the page before: the command's own answer decides.
process.on('unhandledRejection', (error) => process.stderr.write(`looked at a page that went: ${error}\n`))

process.stdout.write(`${JSON.stringify({ ready: true })}\n`)
for await (const line of createInterface({ input: process.stdin })) {
  const [command, ...values] = JSON.parse(line)
  try {
    process.stdout.write(`${JSON.stringify({ answer: (await commands[command](...values)) ?? null })}\n`)
  } catch (error) {
    process.stdout.write(`${JSON.stringify({ error: String(error) })}\n`)
  }
}
await browser.close()
