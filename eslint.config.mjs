/** Lint rules. Comments cannot switch a rule off: a rule that is wrong is changed here, with its reason. */
import tseslint from 'typescript-eslint';

const environmentMessage = 'Settings are read in platform/config.ts, once, checked: take what you need from Config.';

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'coverage/', 'tests/generated/', 'gateway/graphiql/'] },
  { linterOptions: { noInlineConfig: true, reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    rules: {
      // `== null` asks for null or undefined at once.
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      '@typescript-eslint/consistent-type-assertions': ['error', { assertionStyle: 'as' }],
      // Classes with decorators only are how type-graphql and TypeORM are used.
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      // Implementing an asynchronous interface without waiting is common and right.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      // Type parameters that appear once say what a decoder gives back; that is the point of them.
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      // TypeORM and type-graphql take classes as Function.
      '@typescript-eslint/no-unsafe-function-type': 'off',
      // Their classes describe shapes; resolvers answer with plain objects of that shape.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      'no-restricted-properties': ['error', { object: 'process', property: 'env', message: environmentMessage }],
      'no-restricted-syntax': [
        'error',
        {
          selector: 'VariableDeclarator[init.name="process"] > ObjectPattern > Property[key.name="env"]',
          message: environmentMessage,
        },
      ],
      'no-restricted-imports': [
        'error',
        {
          paths: ['process', 'node:process'].map((name) => ({
            name,
            importNames: ['env'],
            message: environmentMessage,
          })),
        },
      ],
    },
  },
  { files: ['platform/config.ts'], rules: { 'no-restricted-properties': 'off' } },
  {
    files: ['tests/**/*.ts'],
    rules: {
      // In a test a missing value should fail there and then.
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
);
