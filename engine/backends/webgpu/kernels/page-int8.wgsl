// A page of int8 vectors, and behind them the step of each, f32. PART is `key` or `value`; the kernel's `shape` says where steps begin.

@group(0) @binding(BINDING) var<storage, read> PARTs: array<u32>;

// Four elements of a vector of the page.
fn PART_quad(vector: u32, quad: u32) -> vec4f {
  let step = bitcast<f32>(PARTs[shape.PART_grids + vector]);
  return unpack4x8snorm(PARTs[vector * (SIZE / 4u) + quad]) * (127.0 * step);
}

fn PART_pair(vector: u32, pair: u32) -> vec2f {
  let quad = PART_quad(vector, pair / 2u);
  return select(quad.xy, quad.zw, pair % 2u == 1u);
}
