/** What the commands of `npm run operations` do; each prints what came of it. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { buildSchema } from 'graphql';
import { CostTable } from '../../gateway/limits/cost';
import type { Config } from '../../platform/config';
import { partnerContract } from '../../gateway/partner-contract';
import { fromId } from '../../platform/ids';
import { PROJECT_ROOT } from '../../platform/root';
import { StartProblem } from '../../platform/start-problem';
import { listOperations } from '../../subgraphs/accounts/operations/list-operations';
import { isLinked, linkApiClient } from '../../subgraphs/accounts/operations/manage-client';
import { publishOperations } from '../../subgraphs/accounts/operations/publish-operations';
import type { RegistryServices } from '../../subgraphs/accounts/operations/registry';
import { checkManifest, type ManifestRules } from './check-manifest';
import { findUses } from './find-uses';
import { readManifest } from './read-manifest';

/**
 * Publishes a manifest, or nothing of it. Throws StartProblem with all that is wrong with its operations: those of an application
 * that is an API client are held to what API clients may use.
 */
export async function publish(services: RegistryServices, config: Config, file: string, client: string): Promise<void> {
  if (!/^[\w.-]{1,100}$/.test(client)) throw new StartProblem('NAME must be 1 to 100 letters, digits and ". _ -".');
  const text = await readFile(file, 'utf8').catch(() => {
    throw new StartProblem('The manifest cannot be read.');
  });
  const { operations, problems } = checkManifest(
    readManifest(text),
    await rules(config, await isLinked(services, client)),
  );
  if (problems.length > 0) throw new StartProblem(['Nothing was published:', ...problems].join('\n  '));
  const added = await publishOperations(services, client, operations);
  print(`${added} operations published for ${client}, ${operations.length - added} were there already.`);
}

/**
 * Says which API client (public id, or `none`) the application is. Throws StartProblem with the reasons if something it has
 * published is not for API clients: the gateway would refuse it from then on.
 */
export async function link(services: RegistryServices, config: Config, client: string, id: string): Promise<void> {
  const apiClientId = apiClientOf(id);
  const published = apiClientId === null ? [] : await listOperations(services, client);
  const { problems } = checkManifest(published, await rules(config, true));
  if (problems.length > 0) throw new StartProblem(['Nothing was linked:', ...problems].join('\n  '));
  await linkApiClient(services, client, apiClientId);
  done();
}

/** Prints what is published, a line each. */
export async function list(services: RegistryServices, client: string | undefined): Promise<void> {
  const operations = await listOperations(services, client);
  for (const { client: owner, safelist, linked, id, name, type, cost, budgetPerMinute, killed, ...one } of operations) {
    const remarks = [
      `cost ${cost}`,
      `${one.uses} uses`,
      ...(one.lastUsedAt ? [`last ${one.lastUsedAt.toISOString()}`] : []),
      ...(budgetPerMinute === null ? [] : [`${budgetPerMinute} a minute`]),
      ...(killed ? ['SWITCHED OFF'] : []),
      ...(safelist ? [linked ? 'safelist' : 'safelist, but no API client is linked'] : []),
    ];
    print(`${owner}  ${type} ${name}  ${id}  ${remarks.join(', ')}`);
  }
  print(`${operations.length} operations.`);
}

/** Prints the operations that use a field; the exit code is 1 if there are any. */
export async function uses(services: RegistryServices, coordinate: string): Promise<void> {
  const found = findUses(await apiSchema(), coordinate, await listOperations(services));
  for (const { client, type, name, id } of found) print(`${client}  ${type} ${name}  ${id}`);
  print(found.length === 0 ? 'No registered operation uses it.' : `${found.length} registered operations use it.`);
  if (found.length > 0) process.exitCode = 1;
}

/** Prints what is published and would be refused today, with the reasons; the exit code is 1 if there is any. */
export async function check(services: RegistryServices, config: Config): Promise<void> {
  const [forUsers, forClients] = [await rules(config, false), await rules(config, true)];
  const published = await listOperations(services);
  const problems = published.flatMap(({ client, linked, id, body }) =>
    checkManifest([{ id, body }], linked ? forClients : forUsers).problems.map(
      (problem) => `${client}  ${id}  ${problem}`,
    ),
  );
  for (const problem of problems) print(problem);
  print(`${published.length} operations, ${problems.length} problems.`);
  if (problems.length > 0) process.exitCode = 1;
}

async function rules(config: Config, forClients: boolean): Promise<ManifestRules> {
  const whole = await apiSchema();
  const schema = forClients ? partnerContract(await schemaFile('partner')) : whole;
  return { schema, costs: new CostTable(await schemaFile('supergraph'), whole), maximumCost: config.operationCost };
}

async function apiSchema(): Promise<ManifestRules['schema']> {
  return buildSchema(await schemaFile('api'));
}

function schemaFile(name: string): Promise<string> {
  return readFile(path.join(PROJECT_ROOT, 'schema', `${name}.graphql`), 'utf8');
}

/** Runs in a minute; null: as many as they like. Throws StartProblem. */
export function budgetOf(value: string): number | null {
  if (value === 'none') return null;
  const perMinute = Number(value);
  if (Number.isInteger(perMinute) && perMinute >= 1 && perMinute <= 1_000_000) return perMinute;
  throw new StartProblem('N must be a whole number from 1 to 1,000,000, or "none".');
}

/** The uuid of an API client; null: none. Throws StartProblem. */
function apiClientOf(value: string): string | null {
  if (value === 'none') return null;
  const uuid = fromId('api', value);
  if (uuid === null) throw new StartProblem('That is no id of an API client: it begins with "api_".');
  return uuid;
}

/** `on` or `off`. Throws StartProblem. */
export function isOn(value: string): boolean {
  if (value === 'on' || value === 'off') return value === 'on';
  throw new StartProblem('Say "on" or "off".');
}

/** After a change that has nothing else to tell. */
export function done(): void {
  print('Done. Gateways know within five seconds.');
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
