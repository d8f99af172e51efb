// Two f16 elements of a page as they lie in it, on devices with f16 arithmetic (`shader-f16`).

alias Pair = vec2<f16>;

fn wide(pair: Pair) -> vec2f { return vec2f(pair); }

fn narrow(pair: vec2f) -> Pair { return Pair(pair); }
