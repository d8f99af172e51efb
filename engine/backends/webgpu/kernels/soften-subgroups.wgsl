// In front of `decode`: turns a tile's scores into exp(score − peak), and moves each head's peak and sum on. Devices with
// subgroups, of whatever size: a subgroup takes one head after the other.

// Subgroups that have taken a number.
var<workgroup> numbered: atomic<u32>;

// To be called by all invocations of a workgroup alike; scores of the tile are written. The caller sets the barrier after it.
fn soften(thread: u32, heads: u32, count: u32) {
  let lane = subgroupExclusiveAdd(1u);
  let lanes = subgroupAdd(1u);
  var own = 0u;
  if (lane == 0u) { own = atomicAdd(&numbered, 1u); }
  own = subgroupBroadcastFirst(own);
  workgroupBarrier();
  let subgroups = atomicLoad(&numbered);
  for (var head = own; head < heads; head += subgroups) {
    var top = peaks[head];
    for (var token = lane; token < count; token += lanes) { top = max(top, scores[head * TILE + token]); }
    top = subgroupMax(top);
    var sum = 0.0;
    for (var token = lane; token < count; token += lanes) {
      let weight = exp(scores[head * TILE + token] - top);
      scores[head * TILE + token] = weight;
      sum += weight;
    }
    sum = subgroupAdd(sum);
    if (lane == 0u) {
      shrinks[head] = exp(peaks[head] - top);
      sums[head] = sums[head] * shrinks[head] + sum;
      peaks[head] = top;
    }
  }
  workgroupBarrier();
  if (thread == 0u) { atomicStore(&numbered, 0u); }
}
