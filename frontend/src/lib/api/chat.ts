/** ChatMessage is a turn in the shape in which the log shows every conversation, whatever dialect its bodies are in. */
export interface ChatMessage {
  role: string;
  name?: string;
  content?: string | ContentPart[] | null;
  refusal?: string | null;
  reasoning?: string | null;
  reasoning_content?: string | null;
  reasoning_details?: ReasoningDetail[];
  tool_calls?: ToolCall[];
  tool_call_id?: string;
}

/** ContentPart is one piece of a message; which field is set follows from its type. */
export interface ContentPart {
  type: string;
  text?: string;
  refusal?: string;
  image_url?: { url: string } | string;
  input_audio?: { data: string; format: string };
  file?: { filename?: string; file_id?: string; file_data?: string };
}

/** ReasoningDetail is a piece of the model's thinking: text, a summary, or encrypted data. */
export interface ReasoningDetail {
  type: string;
  text?: string;
  summary?: string;
  data?: string;
}

/** ToolCall asks for a tool to be run. Arguments is JSON text as the model wrote it. */
export interface ToolCall {
  id?: string;
  type?: string;
  function?: { name: string; arguments: string };
}
