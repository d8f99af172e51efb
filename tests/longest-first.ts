/** Begins with the tests that take longest: one that began last would keep one core busy and the other idle. */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take half a minute and more on two cores, longest first. */
const LONG = [
  'integration/ownership/ownership.test.ts',
  'integration/ownership/real-kills.test.ts',
  'browser/journey.test.ts',
  'integration/main-job.test.ts',
  'integration/model-services.test.ts',
  'backends/webgpu/kernels.test.ts',
  'browser/engine.test.ts',
  'integration/webgpu-device.test.ts',
  'integration/engines.test.ts',
  'integration/webgpu-parity.test.ts',
  'browser/chat.test.ts',
  'integration/supervised-engine.test.ts',
  'integration/webgpu-answers.test.ts',
  'integration/gguf-reader.test.ts',
];

function rank({ moduleId }: TestSpecification): number {
  const place = LONG.findIndex((name) => moduleId.endsWith(name));
  return place < 0 ? LONG.length : place;
}

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const others = await super.sort(files);
    return others.toSorted((one, other) => rank(one) - rank(other));
  }
}
