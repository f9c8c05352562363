package config

import (
	"net/http"
	"strings"

	"heimdall/providers/llm"
)

// invalid says which setting is wrong and what to change; the message begins with the setting's path.
func invalid(path, format string, args ...any) error {
	e := llm.Errorf(llm.KindInvalidRequest, path+": "+format, args...)
	e.Param = path
	return e
}

func notFound(format string, args ...any) error {
	e := llm.Errorf(llm.KindInvalidRequest, format, args...)
	e.Status = http.StatusNotFound
	return e
}

func conflict(path, format string, args ...any) error {
	e := llm.Errorf(llm.KindInvalidRequest, format, args...)
	e.Status, e.Param = http.StatusConflict, path
	return e
}

// Invalid makes one error of all problems; nil where there are none. Its Param is the first one's path; its message
// names every path.
func Invalid(problems []Problem) error {
	switch len(problems) {
	case 0:
		return nil
	case 1:
		return invalid(problems[0].Path, "%s", problems[0].Message)
	}
	lines := make([]string, len(problems))
	for i, p := range problems {
		lines[i] = p.Path + ": " + p.Message
	}
	e := llm.Errorf(llm.KindInvalidRequest, "%d settings are wrong:\n%s", len(problems), strings.Join(lines, "\n"))
	e.Param = problems[0].Path
	return e
}
