// Evaluates configs without a process of their own, for tests that load many.
import type { Evaluator } from '../../src/config/configProcess.ts'
import { evaluateGraph } from '../../src/config/evaluateGraph.ts'

/** Runs the code of a config in the process of the test. */
export const IN_PROCESS: Evaluator = { graph: evaluateGraph, end() {} }
