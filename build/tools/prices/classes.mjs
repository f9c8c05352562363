// The classes of tokens that have prices: our name, the package's name of the price and of the usage, how our usage
// counts them, and what the package's price has to be divided by.
export const classes = [
  { name: "input", price: "input_mtok", usage: "input_tokens", count: (u) => u.input, per: 1 },
  { name: "cache_read", price: "cache_read_mtok", usage: "cache_read_tokens", count: (u) => u.cache_read, per: 1 },
  { name: "cache_write", price: "cache_write_mtok", usage: "cache_write_tokens", count: (u) => u.cache_write, per: 1 },
  { name: "cache_write_1h", price: "cache_write_1h_mtok", usage: "cache_write_1h_tokens", count: (u) => u.cache_write_hour, per: 1 },
  { name: "input_audio", price: "input_audio_mtok", usage: "input_audio_tokens", count: (u) => u.input_audio, per: 1 },
  { name: "input_image", price: "input_image_mtok", usage: "input_image_tokens", count: (u) => u.input_image, per: 1 },
  { name: "cache_read_audio", price: "cache_audio_read_mtok", usage: "cache_audio_read_tokens", count: (u) => u.cache_read_audio, per: 1 },
  { name: "output", price: "output_mtok", usage: "output_tokens", count: (u) => u.output, per: 1 },
  { name: "reasoning", price: "output_reasoning_mtok", usage: "output_reasoning_tokens", count: (u) => u.reasoning, per: 1 },
  { name: "output_audio", price: "output_audio_mtok", usage: "output_audio_tokens", count: (u) => u.output_audio, per: 1 },
  { name: "output_image", price: "output_image_mtok", usage: "output_image_tokens", count: (u) => u.output_image, per: 1 },
  { name: "request", price: "requests_kcount", per: 1000 },
];
