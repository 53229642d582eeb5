/** An operator publishes an application's operations with the command, and its clients ask for them by id. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { childEnvironment } from '../../platform/config';
import { PROJECT_ROOT } from '../../platform/root';
import { eventually } from '../support/eventually';
import { shopDatabases, shopRows, shopUrl } from '../support/shop';

const ID = 'story-shelf';
const MANIFEST = { [ID]: 'query StoryShelf($first: Int!) { products(first: $first) { nodes { name } } }' };

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'souk-operations-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs the command; gives its exit code and all it says. */
async function operations(...words: string[]): Promise<{ code: number | null; says: string }> {
  const { server, namespace } = shopDatabases();
  const settings = { DATABASE_URL: server, SOUK_NAMESPACE: namespace, DATA_DIR: folder, REDIS_URL: '' };
  const child = spawn(process.execPath, ['dist/ops/operations.js', ...words], {
    cwd: PROJECT_ROOT,
    env: childEnvironment(settings),
  });
  let says = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (says += data.toString()));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, says };
}

async function manifest(content: object): Promise<string> {
  const file = path.join(folder, 'manifest.json');
  await writeFile(file, JSON.stringify(content));
  return file;
}

async function ask(): Promise<{ data?: { products: { nodes: unknown[] } }; errors?: { extensions: object }[] }> {
  const response = await fetch(`${shopUrl()}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ documentId: ID, variables: { first: 2 } }),
  });
  return (await response.json()) as Awaited<ReturnType<typeof ask>>;
}

test('published, used, listed, switched off and on, and retired', async () => {
  expect(await operations('publish', await manifest(MANIFEST), '--client', 'story')).toEqual({
    code: 0,
    says: '1 operations published for story, 0 were there already.\n',
  });
  await eventually(async () => expect((await ask()).data?.products.nodes).toHaveLength(2));
  expect(await operations('uses', 'Product.name')).toMatchObject({
    code: 1,
    says: expect.stringContaining(`story  query StoryShelf  ${ID}\n`) as string,
  });
  expect(await operations('uses', 'Product.slug')).toEqual({ code: 0, says: 'No registered operation uses it.\n' });
  expect(await operations('check')).toEqual({ code: 0, says: '1 operations, 0 problems.\n' });
  // As if this version had lost a field.
  await shopRows('accounts', `UPDATE operation SET body = replace(body, 'name', 'age')`);
  expect(await operations('check')).toEqual({
    code: 1,
    says: `story  ${ID}  StoryShelf: Cannot query field "age" on type "Product". Did you mean "name"?\n1 operations, 1 problems.\n`,
  });
  await shopRows('accounts', `UPDATE operation SET body = replace(body, 'age', 'name')`);
  await eventually(async () =>
    expect((await operations('list', '--client', 'story')).says).toMatch(
      /^story {2}query StoryShelf {2}story-shelf {2}cost \d+, [1-9]\d* uses, last .+Z\n1 operations\.\n$/,
    ),
  );
  expect((await operations('kill', ID)).code).toBe(0);
  await eventually(async () => expect((await ask()).errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]));
  expect((await operations('revive', ID)).code).toBe(0);
  await eventually(async () => expect((await ask()).data?.products.nodes).toHaveLength(2));
  expect((await operations('retire', ID)).code).toBe(0);
  await eventually(async () =>
    expect((await ask()).errors).toMatchObject([{ extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' } }]),
  );
}, 60_000);

test('what does not fit the schema is refused with its name, and the rest is not published either', async () => {
  const file = await manifest({ ...MANIFEST, bad: 'query StoryBad { products { nodes { age } } }' });
  const { code, says } = await operations('publish', file, '--client', 'story-bad');
  expect([code, says]).toEqual([
    1,
    expect.stringMatching(/^Nothing was published:\n {2}StoryBad: Cannot query field "age" on type "Product"\./),
  ]);
  expect((await operations('list', '--client', 'story-bad')).says).toBe('0 operations.\n');
});

test("an API client's operations are held to what API clients may use, whenever it is linked", async () => {
  const name = 'story-partner';
  const client = 'api_01h455vb4pex5vsknk084sn02q';
  const mine = { [`${name}-me`]: 'query StoryMe { me { id } }' };
  const shelf = { [`${name}-shelf`]: 'query StoryPartnerShelf { products(first: 1) { nodes { name } } }' };
  const reason = /StoryMe: Cannot query field "me" on type "Query"\./;

  expect((await operations('publish', await manifest({ ...mine, ...shelf }), '--client', name)).code).toBe(0);
  expect(await operations('link', name, client)).toEqual({
    code: 1,
    says: expect.stringMatching(new RegExp(`^Nothing was linked:\n {2}${reason.source}`)) as string,
  });
  expect((await operations('retire', `${name}-me`)).code).toBe(0);
  expect((await operations('link', name, client)).code).toBe(0);
  expect(await operations('publish', await manifest(mine), '--client', name)).toEqual({
    code: 1,
    says: expect.stringMatching(new RegExp(`^Nothing was published:\n {2}${reason.source}`)) as string,
  });
  expect((await operations('check')).code).toBe(0);
  expect((await operations('retire', `${name}-shelf`)).code).toBe(0);
  expect((await operations('link', name, 'none')).code).toBe(0);
}, 60_000);

test.each(['', 'publish file', 'list more', 'kill', 'uses Product --client x', 'nothing'])(
  'what is no command is answered with the usage: %s',
  async (words) => {
    const { code, says } = await operations(...words.split(' '));
    expect([code, says.split('\n')[0]]).toEqual([1, 'Usage: npm run operations -- COMMAND']);
  },
);
