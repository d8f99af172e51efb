// A page of f16 vectors, read four elements at a time (behind `pair-*.wgsl`). PART is `key` or `value`.

@group(0) @binding(BINDING) var<storage, read> PARTs: array<Quad>;

// Four elements of a vector of the page.
fn PART_quad(vector: u32, quad: u32) -> vec4f { return wide_quad(PARTs[vector * (SIZE / 4u) + quad]); }
