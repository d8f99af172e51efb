/** Our engine in the page. */

import { openHttpFolder } from '../../../engine/folders/http.ts';
import { loadModel } from '../../../engine/model/model.ts';
import { createBrowserWebGpuRuntime } from '../../../engine/runtime/webgpu-browser.ts';
import { type EngineUnderTest, engineUnderTest } from '../engine-under-test.ts';

export async function openEngine(folder: string): Promise<EngineUnderTest> {
  const dataFolder = new URL('onnx/', folder.endsWith('/') ? folder : `${folder}/`).href;
  const runtime = await createBrowserWebGpuRuntime(() => 2 ** 34);
  return engineUnderTest(await loadModel(openHttpFolder(folder), runtime, { dataFolder }));
}
