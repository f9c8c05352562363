package importer

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// litellmFile is LiteLLM's config.yaml, as far as it is read field by field.
type litellmFile struct {
	Models      []litellmModel    `yaml:"model_list"`
	Settings    map[string]any    `yaml:"litellm_settings"`
	Router      map[string]any    `yaml:"router_settings"`
	General     map[string]any    `yaml:"general_settings"`
	Environment map[string]string `yaml:"environment_variables"`
	Others      map[string]any    `yaml:",inline"`
}

type litellmModel struct {
	Name   string         `yaml:"model_name"`
	Params map[string]any `yaml:"litellm_params"`
	Info   map[string]any `yaml:"model_info"`
	Others map[string]any `yaml:",inline"`
}

// deployment is one entry of the model list, understood.
type deployment struct {
	provider, model, key string
	weight               float64
}

// litellmNames are the prefixes of models whose provider has another name here; all others are sought as they are.
var litellmNames = map[string]string{
	"vertex_ai": "vertex", "vertex_ai_beta": "vertex", "cohere_chat": "cohere", "ollama_chat": "ollama",
	"text-completion-openai": "openai", "azure_text": "azure", "bedrock_converse": "bedrock",
}

// litellmLike are the prefixes of servers that speak OpenAI's API wherever they are.
var litellmLike = []string{"openai", "custom_openai", "openai_like", "hosted_vllm", "vllm", "lm_studio", "llamafile", "litellm_proxy", "text-completion-openai"}

// litellmGuesses are whose a model is that has no prefix, by how its name begins.
var litellmGuesses = []struct{ prefix, provider string }{
	{"gpt-", "openai"}, {"o1", "openai"}, {"o3", "openai"}, {"o4", "openai"}, {"chatgpt-", "openai"}, {"text-embedding-", "openai"},
	{"dall-e", "openai"}, {"whisper", "openai"}, {"tts-", "openai"}, {"claude-", "anthropic"}, {"command", "cohere"},
}

// litellmOptions are the parameters that make up a key, by provider.
var litellmOptions = map[string]map[string]string{
	"azure": {"api_base": "endpoint", "api_version": "api_version", "tenant_id": "tenant_id", "client_id": "client_id", "client_secret": "client_secret"},
	"bedrock": {
		"aws_region_name": "region", "aws_access_key_id": "access_key", "aws_secret_access_key": "secret_key", "aws_session_token": "session_token",
		"aws_profile_name": "profile", "aws_role_name": "role_arn", "aws_session_name": "session_name",
	},
	"vertex": {"vertex_project": "project_id", "vertex_location": "region", "vertex_credentials": "auth_credentials"},
	"ollama": {"api_base": "url"},
}

// litellm is one reading of a config.yaml.
type litellm struct {
	*draft
	file   litellmFile
	keys   map[string]*litellmKey
	order  []*litellmKey
	groups map[string][]*deployment // by model name
	names  []string                 // of groups, in order
}

// litellmKey is what several entries share: a provider and a credential.
type litellmKey struct {
	provider, name string
	fields         fields
	models         []string
	aliases        map[string]string
}

// LiteLLM reads the config.yaml of LiteLLM's proxy.
func LiteLLM(data []byte, builtins []Builtin) (Result, error) {
	l := litellm{draft: newDraft(builtins), keys: map[string]*litellmKey{}, groups: map[string][]*deployment{}}
	if err := yaml.Unmarshal(data, &l.file); err != nil {
		return Result{}, fmt.Errorf("is no configuration of LiteLLM's: %s", strings.Join(strings.Fields(yamlPlace(err)), " "))
	}
	if len(l.file.Models) == 0 {
		return Result{}, fmt.Errorf("model_list: is missing or empty; LiteLLM's config.yaml names its models there")
	}
	for i, m := range l.file.Models {
		l.entry(fmt.Sprintf("model_list[%d] (%s)", i, m.Name), m)
	}
	l.routes()
	l.finishKeys()
	l.settings()
	return l.result()
}

var yamlValue = regexp.MustCompile("`[^`]*`")

// yamlPlace is a YAML error without the values that it quotes: one may be a secret.
func yamlPlace(err error) string {
	return strings.TrimPrefix(yamlValue.ReplaceAllString(err.Error(), "a value"), "yaml: ")
}

func (l *litellm) entry(where string, m litellmModel) {
	full := text(m.Params["model"])
	if m.Name == "" || full == "" {
		l.leave("it needs model_name and litellm_params.model", "%s", where)
		return
	}
	d, k, why := l.deployment(m, full)
	if why != "" {
		l.leave(why, "%s", where)
		return
	}
	d.key = k.name
	if !strings.Contains(d.model, "*") && !strings.Contains(m.Name, "*") {
		if l.groups[m.Name] == nil {
			l.names = append(l.names, m.Name)
		}
		l.groups[m.Name] = append(l.groups[m.Name], d)
		k.models = append(k.models, d.model)
	} else {
		k.models = append(k.models, "*")
		if strings.TrimSuffix(m.Name, "*") != "" && m.Name != d.provider+"/*" {
			l.leave("models are asked for as "+d.provider+"/MODEL here", "%s: the pattern %s", where, m.Name)
		}
	}
	l.unread(where, m)
}

// unread names the parameters of an entry that mean nothing here.
func (l *litellm) unread(where string, m litellmModel) {
	read := []string{"model", "api_key", "api_base", "base_url", "custom_llm_provider", "weight"}
	for _, options := range litellmOptions {
		read = append(read, slices.Collect(maps.Keys(options))...)
	}
	for _, name := range slices.Sorted(maps.Keys(m.Params)) {
		switch {
		case slices.Contains(read, name):
		case name == "rpm" || name == "tpm":
			l.leave("it only decides the share of the traffic; set a limit on the model in Heimdall to enforce it", "%s: %s", where, name)
		default:
			l.leave("a model has no such setting here; clients send it with their requests", "%s: %s", where, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.Info)) {
		if strings.Contains(name, "cost") {
			l.leave("prices come from Heimdall's catalogue; override one there if need be", "%s: model_info.%s", where, name)
		}
	}
}

// deployment finds where an entry's requests go; why says why they can't.
func (l *litellm) deployment(m litellmModel, full string) (d *deployment, k *litellmKey, why string) {
	prefix, model := l.split(full, text(m.Params["custom_llm_provider"]))
	if prefix == "" {
		return nil, nil, "whose model it is can't be told; write it as provider/model in LiteLLM, and import again"
	}
	address := reference(cmp.Or(text(m.Params["api_base"]), text(m.Params["base_url"])))
	name := cmp.Or(litellmNames[prefix], prefix)
	optional := litellmOptions[name]["api_base"] != ""
	switch {
	case l.isBuiltin(name) && (address == "" || optional):
		name = l.builtin(name)
	case address == "":
		return nil, nil, "Heimdall has no provider " + prefix + "; add one of your own there, with the address of its API"
	case strings.HasPrefix(address, "env."):
		return nil, nil, "its address comes from the environment; write the address itself, and import again"
	default:
		base := baseOpenAI
		if slices.Contains([]string{baseAnthropic, baseGemini}, name) {
			base = name
		}
		var err error
		label := prefix
		if slices.Contains(litellmLike, prefix) {
			label = ""
		}
		if name, err = l.provider(endpoint{Name: label, URL: address, Base: base}); err != nil {
			return nil, nil, err.Error()
		}
	}
	k, why = l.credential(name, m)
	return &deployment{provider: name, model: model, weight: share(m)}, k, why
}

// split takes the provider off a model.
func (l *litellm) split(full, given string) (prefix, model string) {
	if given != "" {
		return given, strings.TrimPrefix(full, given+"/")
	}
	prefix, model, ok := strings.Cut(full, "/")
	if ok {
		return prefix, model
	}
	for _, g := range litellmGuesses {
		if strings.HasPrefix(full, g.prefix) {
			return g.provider, full
		}
	}
	return "", full
}

// credential finds or makes the key that an entry's requests are made with.
func (l *litellm) credential(provider string, m litellmModel) (k *litellmKey, why string) {
	f, options := fields{}, fields{}
	value := reference(text(m.Params["api_key"]))
	if value == "" && l.isBuiltin(provider) {
		value = variableOf(provider)
	}
	if value != "" {
		f["value"] = value
	}
	for param, field := range litellmOptions[provider] {
		if v := reference(text(m.Params[param])); v != "" {
			options[field] = v
		}
	}
	if len(options) > 0 {
		f[provider+"_key_config"] = options
	}
	id := fmt.Sprint(provider, "\x00", f)
	if k := l.keys[id]; k != nil {
		return k, ""
	}
	name := m.Name
	if v, ok := strings.CutPrefix(value, "env."); ok {
		name = v
	}
	if value == "" && len(options) == 0 && !l.isBuiltin(provider) {
		l.providers[provider].Custom["is_key_less"] = true
	}
	k = &litellmKey{provider: provider, fields: f, aliases: map[string]string{}}
	k.name = l.key(provider, name, f)
	l.keys[id] = k
	l.order = append(l.order, k)
	return k, ""
}

// variableOf is the variable that LiteLLM itself falls back on.
func variableOf(provider string) string {
	switch provider {
	case "azure", "bedrock", "vertex", "ollama":
		return ""
	}
	return "env." + strings.ToUpper(provider) + "_API_KEY"
}

// share is an entry's part of the traffic: its weight, else its requests or tokens a minute.
func share(m litellmModel) float64 {
	for _, name := range []string{"weight", "rpm", "tpm"} {
		for _, from := range []map[string]any{m.Params, m.Others} {
			if n, err := strconv.ParseFloat(text(from[name]), 64); err == nil && n > 0 {
				return n
			}
		}
	}
	return 0
}

// reference turns LiteLLM's os.environ/NAME into env.NAME.
func reference(v string) string {
	if name, ok := strings.CutPrefix(v, "os.environ/"); ok {
		return "env." + strings.TrimSpace(name)
	}
	return v
}

// text is a scalar as text.
func text(v any) string {
	switch v := v.(type) {
	case nil, map[string]any, []any:
		return ""
	case string:
		return strings.TrimSpace(v)
	default:
		return fmt.Sprint(v)
	}
}
