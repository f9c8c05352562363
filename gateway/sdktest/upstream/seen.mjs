/**
 * seen is what a conversation holds, alike for all wire formats; a dialect's read fills it: {system, said: [the user's
 * texts], tools: [names], calls: [{id, name, input}], results: [{id, name, text}], signatures, media: [data URLs]} and
 * model, stream, schema. signs is true where the wire has signatures.
 */
export const seen = (known = {}) => ({ system: '', said: [], tools: [], calls: [], results: [], signatures: [], media: [], signs: false, ...known })
