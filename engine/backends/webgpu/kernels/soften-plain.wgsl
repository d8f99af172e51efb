// In front of `decode`: turns a tile's scores into exp(score − peak), and moves each head's peak and sum on. Any device:
// SHARERS invocations a head, which tell each other through the workgroup's memory. HEADS · SHARERS is at most THREADS.

const SHARERS = 16u;

// To be called by all invocations of a workgroup alike; scores of the tile are written. The caller sets the barrier after it.
fn soften(thread: u32, heads: u32, count: u32) {
  let head = thread / SHARERS;
  let sharer = thread % SHARERS;
  let lives = head < heads;
  var top = -3.0e38;
  if (lives) {
    for (var token = sharer; token < count; token += SHARERS) { top = max(top, scores[head * TILE + token]); }
  }
  gathering[thread].x = top;
  workgroupBarrier();
  var sum = 0.0;
  if (lives) {
    top = peaks[head];
    for (var other = 0u; other < SHARERS; other++) { top = max(top, gathering[head * SHARERS + other].x); }
    for (var token = sharer; token < count; token += SHARERS) {
      let weight = exp(scores[head * TILE + token] - top);
      scores[head * TILE + token] = weight;
      sum += weight;
    }
  }
  gathering[thread].y = sum;
  workgroupBarrier();
  if (lives && sharer == 0u) {
    for (var other = 1u; other < SHARERS; other++) { sum += gathering[thread + other].y; }
    shrinks[head] = exp(peaks[head] - top);
    sums[head] = sums[head] * shrinks[head] + sum;
    peaks[head] = top;
  }
}
