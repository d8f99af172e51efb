// A page of f16 vectors, read two elements at a time (behind `pair-*.wgsl`). PART is `key` or `value`.

@group(0) @binding(BINDING) var<storage, read> PARTs: array<Pair>;

// Two elements of a vector of the page.
fn PART_pair(vector: u32, pair: u32) -> vec2f { return wide(PARTs[vector * (SIZE / 2u) + pair]); }
