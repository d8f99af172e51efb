/**
 * An adapter for the tests: what VK_ICD_FILENAMES names, else Mesa's lavapipe, which has f16 arithmetic and subgroups of 8, else
 * SwiftShader as Debian's chromium brings it.
 */
import { existsSync, readFileSync } from 'node:fs';
import { requestDevice } from '../../../../engine/runtime/webgpu-device.ts';
import { requestNodeAdapter } from '../../../../engine/runtime/webgpu-node.ts';

const LAVAPIPE = ['/usr/share/vulkan/icd.d/lvp_icd.json', '/usr/share/vulkan/icd.d/lvp_icd.x86_64.json'];
const SWIFTSHADER = '/usr/lib/chromium/vk_swiftshader_icd.json';

/** Dawn takes lavapipe from Mesa 25 on, which is the first to speak Vulkan 1.4. */
function isRecent(driver: string): boolean {
  const { ICD }: { ICD: { api_version: string } } = JSON.parse(readFileSync(driver, 'utf8'));
  const [major = 0, minor = 0] = ICD.api_version.split('.').map(Number);
  return major > 1 || minor >= 4;
}

/** With all that the adapter can give, or only with what WebGPU guarantees. Undefined, and loudly so, where there is no adapter: tests of the GPU are skipped then. */
export async function testDevice(
  limits: 'of the adapter' | 'guaranteed' = 'of the adapter',
): Promise<GPUDevice | undefined> {
  const driver = [...LAVAPIPE.filter(existsSync).filter(isRecent), SWIFTSHADER].find(existsSync);
  if (driver) process.env.VK_ICD_FILENAMES ??= driver;
  const adapter = await requestNodeAdapter();
  if (!adapter) {
    process.stderr.write(
      '\n*** No WebGPU adapter: the tests of the GPU are SKIPPED (install libvulkan1 and mesa-vulkan-drivers, or chromium). ***\n',
    );
    return undefined;
  }
  const { vendor, architecture } = adapter.info;
  const able = ['shader-f16', 'subgroups'].filter((feature) => adapter.features.has(feature as GPUFeatureName));
  process.stderr.write(
    `WebGPU adapter: ${vendor} ${architecture} (${able.join(', ') || 'neither f16 nor subgroups'})\n`,
  );
  if (!adapter.features.has('shader-f16'))
    process.stderr.write(
      '\n*** No shader-f16: the kernels in f16 are validated, and NOT run (Mesa 25 has a device). ***\n',
    );
  return limits === 'guaranteed' ? adapter.requestDevice() : requestDevice(adapter);
}
