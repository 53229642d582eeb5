/**
 * The arrows of the house: main.ts -> gateway, subgraphs -> platform. A subgraph knows another one's messages.ts and
 * nothing else of it. `npm run check` fails on anything else.
 */
/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'platform-is-the-foundation',
      comment: 'platform/ imports platform/ and packages only.',
      severity: 'error',
      from: { path: '^platform/' },
      to: { pathNot: ['^platform/', '^node_modules/'], couldNotResolve: false, dependencyTypesNot: ['core'] },
    },
    {
      name: 'gateway-knows-contracts-only',
      comment: 'The gateway imports platform/, schema/ and the messages.ts of subgraphs.',
      severity: 'error',
      from: { path: '^gateway/' },
      to: {
        pathNot: ['^(gateway|platform|schema)/', '^subgraphs/[^/]+/messages\\.ts$', '^node_modules/'],
        couldNotResolve: false,
        dependencyTypesNot: ['core'],
      },
    },
    {
      name: 'subgraphs-talk-through-messages',
      comment: "A subgraph imports itself, platform/ and another subgraph's messages.ts.",
      severity: 'error',
      from: { path: '^subgraphs/([^/]+)/' },
      to: {
        pathNot: ['^subgraphs/$1/', '^subgraphs/[^/]+/messages\\.ts$', '^platform/', '^node_modules/'],
        couldNotResolve: false,
        dependencyTypesNot: ['core'],
      },
    },
    {
      name: 'registry-reads-tables-of-contents',
      comment: 'subgraphs/index.ts imports the index.ts of each subgraph.',
      severity: 'error',
      from: { path: '^subgraphs/[^/]+\\.ts$' },
      to: { path: '^subgraphs/', pathNot: ['^subgraphs/[^/]+/(index|messages)\\.ts$', '^subgraphs/[^/]+\\.ts$'] },
    },
    {
      name: 'nothing-imports-the-outside',
      comment: 'main.ts, tests, benchmarks and operator commands are ends: the product does not import them.',
      severity: 'error',
      from: { path: '^(gateway|subgraphs|platform|schema)/|^main\\.ts$' },
      to: { path: '^(main\\.ts$|tests/|bench/|ops/)' },
    },
    {
      name: 'no-cycles',
      comment: 'A cycle makes the order of loading decide what is undefined. Types alone may refer to each other.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'resolvable',
      comment: 'An import that cannot be found.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-development-packages-in-the-product',
      comment: 'What runs in production is in "dependencies".',
      severity: 'error',
      from: { path: '^(gateway|subgraphs|platform|schema|ops)/|^main\\.ts$', pathNot: '^ops/[^/]+\\.mjs$' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // gateway/graphiql/ runs in the browser: its imports are addresses.
    exclude: { path: '^(dist|tests/generated|gateway/graphiql)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['require', 'node', 'import', 'types', 'default'],
    },
  },
};
