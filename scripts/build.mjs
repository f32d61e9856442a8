/**
 * Builds `dist`: compiles the TypeScript, bundles the page, and leaves at every moment a `dist` that works.
 *
 *     node scripts/build.mjs
 *
 * 1. If neither inputs nor outputs changed since the last build, nothing is done. npm runs it after each
 *    change of `node_modules` (`dependencies` in package.json), and before most other scripts.
 * 2. The compiler writes into `.build`, which it keeps for the next incremental build. `.build` is as deep as `dist`,
 *    so that a `.tsbuildinfo` is valid in both.
 * 3. Files that differ are copied aside and then renamed into `dist`: additions, changes, removals.
 *
 * A directory that is not empty cannot be replaced in one step, and a symbolic link in place of `dist` is left out by
 * `npm pack` and gives each module two addresses. So step 3 renames file by file. Between the first and the last rename
 * `dist` has files of two builds: a millisecond for a usual change, tens of milliseconds if all files change. A process
 * of its own session does it, so that neither Ctrl-C nor the death of npm or of this process ends it halfway. If it is
 * killed itself, the next build compares again and completes `dist`.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hold, release, takeOver } from './build-lock.mjs';

const script = fileURLToPath(import.meta.url);
process.chdir(dirname(dirname(script)));

const DIST = 'dist';
const WORK = '.build';
const LOCK = `${WORK}/.lock`;
/** What the compiler leaves to the process that changes `dist`. */
const LIST = `${WORK}/.outputs`;
const STAMP = `${DIST}/.build.json`;
const INFO = '.tsbuildinfo';
const PAGE = ['page/page.js', 'page/page.css'];
const PROGRAM = 'src/main.js';
/** Copies of modules that tests make in `dist` (test/threads/instrument.ts), and files on their way. */
const OF_TESTS = /\.(crashing|mortal)\.js$|\.tmp$/;

/** All files below `folder`, as paths with `/`. */
const filesIn = (folder) =>
  !fs.existsSync(folder)
    ? []
    : fs
        .readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).split(sep).join('/'))
        .sort();

const isInput = (path) => /\.(ts|css|mjs)$/.test(path);

/** Digest of everything that decides what `dist` holds. */
function inputsDigest() {
  const hash = createHash('sha256');
  const settings = ['tsconfig.json', 'package.json', 'package-lock.json'].filter((path) =>
    fs.existsSync(path),
  );
  const sources = ['scripts', 'src', 'workers', 'bench', 'test', 'examples'].flatMap(filesIn).filter(isInput);
  for (const path of [...settings, ...sources])
    hash.update(`${path}\0`).update(fs.readFileSync(path)).update('\0');
  return hash.digest('hex');
}

/** Digest of the names, sizes and times of `dist`. It changes if another program writes there, e.g. tsc. */
function outputsDigest() {
  const hash = createHash('sha256');
  for (const path of filesIn(DIST)) {
    if (path === STAMP || OF_TESTS.test(path)) continue;
    const { size, mtimeMs } = fs.statSync(path);
    hash.update(`${path}\0${size}\0${mtimeMs}\0`);
  }
  return hash.digest('hex');
}

function isUpToDate(inputs) {
  try {
    const stamp = JSON.parse(fs.readFileSync(STAMP, 'utf8'));
    return stamp.inputs === inputs && stamp.outputs === outputsDigest();
  } catch {
    // No stamp, or `dist` changes at this moment.
    return false;
  }
}

/** Files of a complete `dist`, besides the stamp. The compiler's state is last: it says what was written. */
function outputsOf(program) {
  const own = program
    .getSourceFiles()
    .filter((file) => !file.isDeclarationFile && !program.getProgram().isSourceFileFromExternalLibrary(file))
    .map(({ fileName }) => relative('.', fileName).split(sep).join('/').replace(/ts$/, 'js'));
  const types = own.map((path) => path.replace(/js$/, 'd.ts'));
  return [...own.flatMap((path) => [path, `${path}.map`]), ...types, ...PAGE, INFO];
}

/**
 * Compiles what changed into `.build`, and returns the files that `dist` must hold; undefined if types are wrong. In
 * this process, because a compiler that survives it could write during a later build.
 */
async function compile() {
  // By `import`, Node first parses all of it in search of names: three times the CPU time.
  const ts = createRequire(import.meta.url)('typescript');
  // Absolute, or the state is not found again.
  const forced = { incremental: true, outDir: resolve(WORK), tsBuildInfoFile: resolve(WORK, INFO) };
  const parsed = ts.getParsedCommandLineOfConfigFile('tsconfig.json', forced, {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic: (diagnostic) => {
      throw new Error(ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n'));
    },
  });
  const host = ts.createIncrementalCompilerHost(parsed.options, ts.sys);
  const program = ts.createIncrementalProgram({
    rootNames: parsed.fileNames,
    options: parsed.options,
    configFileParsingDiagnostics: ts.getConfigFileParsingDiagnostics(parsed),
    host,
  });
  const found = [
    ...program.getConfigFileParsingDiagnostics(),
    ...program.getOptionsDiagnostics(),
    ...program.getSyntacticDiagnostics(),
    ...program.getGlobalDiagnostics(),
    ...program.getSemanticDiagnostics(),
  ];
  const diagnostics = [...found, ...program.emit().diagnostics];
  if (diagnostics.length === 0) return outputsOf(program);
  const format = process.stderr.isTTY ? ts.formatDiagnosticsWithColorAndContext : ts.formatDiagnostics;
  process.stderr.write(format(diagnostics, host));
  return undefined;
}

async function build(inputs) {
  const { bundle } = await import('../src/page/bundle.mjs');
  await bundle(`${WORK}/page`);
  let outputs = await compile();
  if (outputs?.some((path) => !fs.existsSync(`${WORK}/${path}`))) {
    // Somebody removed files of `.build`, which the compiler takes for written.
    fs.rmSync(`${WORK}/${INFO}`, { force: true });
    outputs = await compile();
  }
  if (outputs === undefined) return 1;
  fs.writeFileSync(LIST, JSON.stringify({ inputs, outputs }));
  // `detached`: a session of its own, which no signal to this one reaches.
  const child = spawn(process.execPath, [script, '--install'], {
    detached: true,
    stdio: ['ignore', 'ignore', 'inherit'],
    windowsHide: true,
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('exit', (code) => resolve(code ?? 1));
  });
}

const sameFile = (a, b) => {
  try {
    return fs.readFileSync(a).equals(fs.readFileSync(b));
  } catch (error) {
    if (error.code === 'ENOENT') return false;
    throw error;
  }
};

/** Makes `dist` equal to `.build`. */
function install() {
  const { inputs, outputs } = JSON.parse(fs.readFileSync(LIST, 'utf8'));
  const aside = `${WORK}/.aside`;
  // Of a killed process.
  fs.rmSync(aside, { recursive: true, force: true });
  fs.mkdirSync(aside);
  try {
    const differing = outputs.filter((path) => !sameFile(`${WORK}/${path}`, `${DIST}/${path}`));
    const isNew = !fs.existsSync(DIST);
    for (const path of differing) {
      fs.mkdirSync(dirname(`${aside}/${path}`), { recursive: true });
      fs.copyFileSync(`${WORK}/${path}`, `${aside}/${path}`);
      if (path === PROGRAM) fs.chmodSync(`${aside}/${path}`, 0o755);
    }
    if (isNew) fs.renameSync(aside, DIST);
    else replace(outputs, differing, aside);
    const stamp = JSON.stringify({ inputs, outputs: outputsDigest() });
    fs.writeFileSync(`${WORK}/.stamp`, stamp);
    fs.renameSync(`${WORK}/.stamp`, STAMP);
  } finally {
    fs.rmSync(aside, { recursive: true, force: true });
  }
}

/** The renames. All that takes longer is done before. */
function replace(outputs, differing, aside) {
  const expected = new Set(outputs.map((path) => `${DIST}/${path}`));
  const stale = filesIn(DIST).filter((path) => !expected.has(path) && path !== STAMP && !OF_TESTS.test(path));
  for (const path of differing) fs.mkdirSync(dirname(`${DIST}/${path}`), { recursive: true });
  const isAddition = new Map(differing.map((path) => [path, !fs.existsSync(`${DIST}/${path}`)]));
  const ordered = differing.toSorted((a, b) => isAddition.get(b) - isAddition.get(a));
  if (differing.length + stale.length > 0) fs.rmSync(STAMP, { force: true });
  for (const path of ordered) fs.renameSync(`${aside}/${path}`, `${DIST}/${path}`);
  for (const path of stale) fs.rmSync(path, { force: true });
}

async function main() {
  const inputs = inputsDigest();
  if (isUpToDate(inputs)) return 0;
  fs.mkdirSync(WORK, { recursive: true });
  await hold(LOCK);
  try {
    // Another build may have done it meanwhile.
    return isUpToDate(inputs) ? 0 : await build(inputs);
  } finally {
    release(LOCK);
  }
}

if (process.argv[2] === '--install') {
  takeOver(LOCK);
  try {
    install();
  } finally {
    release(LOCK);
  }
} else process.exitCode = await main();
