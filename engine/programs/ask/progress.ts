/** The progress line on stderr: what is being done, how fast, how long it will still take. */
import cliProgress from 'cli-progress';

export interface ProgressLine {
  update(done: number, total: number): void;
  stop(): void;
}

/** Nothing is drawn where stderr is no terminal. */
export function startProgress(label: string, unit: string): ProgressLine {
  const bar = new cliProgress.SingleBar({
    format: `${label} {bar} {percentage}% | {value}/{total} ${unit} | {speed} ${unit}/s | {left} left`,
    stream: process.stderr,
    hideCursor: true,
    clearOnComplete: true,
    stopOnComplete: false,
    noTTYOutput: false,
    barsize: 28,
  });
  const started = performance.now();
  let running = false;
  return {
    update(done, total) {
      const seconds = (performance.now() - started) / 1000;
      const speed = done / Math.max(seconds, 1e-3);
      const payload = {
        speed: Math.round(speed).toLocaleString('en'),
        left: duration((total - done) / Math.max(speed, 1e-3)),
      };
      if (running) bar.update(done, payload);
      else bar.start(total, done, payload);
      running = true;
    },
    stop() {
      if (running) bar.stop();
      running = false;
    },
  };
}

function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
