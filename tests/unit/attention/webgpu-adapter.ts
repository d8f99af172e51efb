/** An adapter for the tests: a real one, or SwiftShader as Debian's chromium brings it. */
import { existsSync } from 'node:fs';
import { requestDevice } from '../../../engine/runtime/webgpu-device.ts';
import { requestNodeAdapter } from '../../../engine/runtime/webgpu-node.ts';

const SWIFTSHADER = '/usr/lib/chromium/vk_swiftshader_icd.json';

/** With all that the adapter can give, or only with what WebGPU guarantees. Undefined, and loudly so, where there is no adapter: tests of the GPU are skipped then. */
export async function testDevice(
  limits: 'of the adapter' | 'guaranteed' = 'of the adapter',
): Promise<GPUDevice | undefined> {
  if (!process.env.VK_ICD_FILENAMES && existsSync(SWIFTSHADER)) process.env.VK_ICD_FILENAMES = SWIFTSHADER;
  const adapter = await requestNodeAdapter();
  if (!adapter) {
    process.stderr.write(
      '\n*** No WebGPU adapter: the tests of the GPU are SKIPPED (install chromium and libvulkan1). ***\n',
    );
    return undefined;
  }
  const { vendor, architecture } = adapter.info;
  process.stderr.write(`WebGPU adapter: ${vendor} ${architecture}\n`);
  return limits === 'guaranteed' ? adapter.requestDevice() : requestDevice(adapter);
}
