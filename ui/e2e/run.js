// Node 20 reads no TypeScript; Vite does.
import { runnerImport } from 'vite';

await runnerImport('./e2e/pages.ts', { configFile: false });
