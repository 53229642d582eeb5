/**
 * Tests, by what they need:
 *   unit         nothing
 *   contract     PostgreSQL, Redis, RabbitMQ: adapters against the real thing
 *   stories      a shop in one process; clients over HTTP and WebSocket
 *   distributed  the same story files against six processes, and what only those can show: parts that die
 *   access       who may do what, asked of every field, and where secrets end up; each test starts a shop of its own
 * A shop is started outside Jest by the set-up of its project; a test finds the project's name in the global SOUK_TEST_PROJECT.
 */
const { readFileSync } = require('node:fs');
const { join } = require('node:path');

// The stores tests use when no URL is given; workers inherit what is set here.
const services = JSON.parse(readFileSync(join(__dirname, 'tests/support/services.json'), 'utf8'));
for (const [name, url] of Object.entries(services)) process.env[name] ||= url;

// The same options as the build. Given here rather than found, because they are for these packages too:
const swc = { ...JSON.parse(readFileSync(join(__dirname, '.swcrc'), 'utf8')), swcrc: false };
delete swc.$schema;
// published as ES modules only, which Jest cannot load untransformed.
const esModules = ['jose'];

const project = (name, folder, extra = {}) => ({
  displayName: name,
  rootDir: __dirname,
  roots: ['<rootDir>/tests'],
  testMatch: [`<rootDir>/tests/${folder}/**/*.test.ts`],
  testEnvironment: 'node',
  transform: { '^.+\\.[cm]?[jt]s$': ['@swc/jest', swc] },
  transformIgnorePatterns: [`/node_modules/(?!(${esModules.join('|')})/)`],
  setupFiles: ['reflect-metadata'],
  globals: { SOUK_TEST_PROJECT: name },
  ...extra,
});

const support = (file) => join(__dirname, 'tests/support', file);
const shop = (name) => ({
  globalSetup: support(`${name}-setup.ts`),
  globalTeardown: support(`${name}-teardown.ts`),
});

/** @type {import('jest').Config} */
module.exports = {
  testTimeout: 30_000,
  maxWorkers: 2,
  reporters: ['default', support('counts-reporter.js')],
  projects: [
    project('unit', 'unit'),
    project('contract', 'contract'),
    project('stories', 'stories', shop('stories')),
    project('access', 'access'),
    project('distributed', '{stories,distributed}', shop('distributed')),
  ],
};
