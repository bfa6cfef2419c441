// Who may import whom. Folder order is dependency order: a file imports from its own folder or from folders below it.
// Type imports count.
import { Visitor } from '@swc/core/Visitor.js';

// The visitor that dependency-cruiser walks swc's tree with gives up at `using` declarations; to it they are as good as const.
const { visitStatement } = Visitor.prototype;
Visitor.prototype.visitStatement = function visitStatementOrUsing(statement) {
  const { type, decls } = /** @type {{ type: string, decls: import('@swc/core').VariableDeclarator[] }} */ (
    /** @type {unknown} */ (statement)
  );
  if (type !== 'UsingDeclaration') return visitStatement.call(this, statement);
  this.visitVariableDeclarators(decls);
  return statement;
};

/** From the top of the house to its ground floor. */
const floors = [
  '^src/main[.]ts$',
  '^src/app[.]ts$',
  '^src/app/',
  '^src/server/',
  '^src/graphql/',
  '^src/generation/',
  '^src/features/',
  '^src/providers/',
  '^src/platform/',
  '^src/core/',
];

/**
 * @typedef {import('dependency-cruiser').IForbiddenRuleType} Rule
 * @type {Rule[]}
 */
const upward = floors.slice(1).map((floor, index) => ({
  name: `no-upward-import-${floors.length - 1 - index}`,
  comment: 'A file imports only from its own folder or from folders below it (main, app, server, … core).',
  from: { path: floor },
  to: { path: floors.slice(0, index + 1).join('|') },
}));

/** @type {Rule[]} */
const rules = [
  ...upward,
  {
    name: 'no-circular',
    comment: 'Two files that need each other are one idea, or hide a third.',
    from: {},
    to: { circular: true },
  },
  {
    name: 'known-place',
    comment: 'Every source file stands in a folder whose place in the order is known.',
    from: { path: '^src/', pathNot: [...floors, '^src/(client|cli|simulator)/'] },
    to: {},
  },
  {
    name: 'core-imports-nothing',
    comment: 'core/ holds words that all share; it imports nothing but itself.',
    from: { path: '^src/core/' },
    to: { pathNot: '^src/core/', dependencyTypesNot: ['core'] },
  },
  {
    name: 'features-blind-to-siblings',
    comment: 'Features meet in generation/, or by callbacks in app.ts.',
    from: { path: '^src/features/([^/]+)/' },
    to: { path: '^src/features/', pathNot: '^src/features/$1/' },
  },
  {
    name: 'providers-blind-to-siblings',
    comment: 'A provider folder knows the files at the root of providers/, never another provider.',
    from: { path: '^src/providers/([^/]+)/' },
    to: { path: '^src/providers/[^/]+/', pathNot: '^src/providers/$1/' },
  },
  {
    name: 'simulator-stands-alone',
    comment: 'The simulator stands for somebody else’s servers: it shares nothing with ours but the words of core/.',
    from: { path: '^src/simulator/' },
    to: { path: '^src/', pathNot: '^src/(simulator|core)/' },
  },
  {
    name: 'nobody-imports-the-simulator',
    comment: 'The server starts the simulator as a process; it never loads it.',
    from: { path: '^src/', pathNot: '^src/simulator/' },
    to: { path: '^src/simulator/' },
  },
  {
    name: 'client-and-cli-stand-alone',
    comment: 'The client carries no server code; the command line is a client.',
    from: { path: '^src/(client|cli)/' },
    to: { path: '^src/', pathNot: '^src/(client|cli|core)/' },
  },
  {
    name: 'server-knows-no-client',
    comment: 'The client and the command line stand beside the server.',
    from: { path: '^src/', pathNot: '^src/(client|cli)/' },
    to: { path: '^src/(client|cli)/' },
  },
  {
    name: 'nobody-imports-main',
    comment: 'main.ts has side effects; start it as a process, or use createApp of app.ts.',
    from: {},
    to: { path: '^src/main[.]ts$' },
  },
  {
    name: 'type-graphql-only-in-graphql',
    comment: 'Decorators are the public face only.',
    from: { path: '^src/', pathNot: '^src/graphql/' },
    to: { path: 'node_modules/type-graphql/' },
  },
  {
    name: 'undici-only-below',
    comment: 'Only what talks to models or to the machine opens connections.',
    from: { path: '^src/', pathNot: '^src/(providers|platform)/' },
    to: { path: 'node_modules/undici/' },
  },
  {
    name: 'stores-behind-ports',
    comment: 'Store drivers only in files named redis-* or sql-* and in platform/.',
    from: { path: '^src/', pathNot: ['^src/platform/', '/(redis|sql)-[^/]+$'] },
    to: { path: 'node_modules/(ioredis|pg|kysely|@electric-sql/pglite)/' },
  },
  {
    name: 'src-knows-no-tests',
    comment: 'What runs in production needs nothing from test/ or scripts/.',
    from: { path: '^src/' },
    to: { path: '^(test|scripts)/' },
  },
  {
    name: 'no-dev-dependency-in-src',
    comment: 'A package that src/ loads belongs under "dependencies".',
    from: { path: '^src/' },
    to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'], pathNot: 'node_modules/@types/' },
  },
  {
    name: 'resolvable',
    comment: 'What is imported exists and is named in package.json.',
    from: {},
    to: { couldNotResolve: true },
  },
];

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: rules.map((rule) => ({ severity: 'error', ...rule })),
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|test/generated)/' },
    // swc reports type imports too; `tsPreCompilationDeps` would ask for the compiler API that TypeScript 7 has not.
    parser: 'swc',
    combinedDependencies: false,
    moduleSystems: ['es6', 'cjs'],
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.mjs', '.cjs', '.js', '.json'],
    },
  },
};
