package peer

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// runtimes run scripts: people call the program by the script's name.
var runtimes = regexp.MustCompile(`^(node|nodejs|bun|deno|pythonw?[0-9.]*|pypy[0-9.]*)$`)

var (
	// valued are options of theirs whose value is the next argument.
	valued = []string{"-r", "--require", "--import", "--loader", "--experimental-loader", "-C", "--conditions", "--env-file", "-W", "-X", "--config", "--cwd", "--preload"}
	// inline are options that are followed by code, or say that it comes from elsewhere.
	inline = []string{"-c", "-e", "--eval", "-p", "--print", "-"}
	// verbs come before the script.
	verbs = []string{"run", "exec", "x", "serve"}
	// generic names say nothing: the script's folder has the name, unless it is one of a package's usual folders.
	generic = []string{"index", "main", "__main__", "cli", "bin"}
	folders = []string{"bin", "dist", "src", "lib", "build", "out", "cjs", "esm"}
	endings = []string{".js", ".mjs", ".cjs", ".ts", ".mts", ".py", ".pyz", ".pyw"}
)

// name is what people call the program.
func (p Program) name() string {
	if before, _, bundled := strings.Cut(slashed(p.Exe), ".app/Contents/"); bundled {
		return path.Base(before)
	}
	name := p.called()
	if runtimes.MatchString(name) {
		if script := p.script(); script != "" {
			return script
		}
	}
	return name
}

// called is what the program was started as, or calls itself; the file may be named after its version.
func (p Program) called() string {
	file := strings.TrimSuffix(base(p.Exe), " (deleted)") // it was updated since
	if len(p.Args) == 0 || p.Args[0] == "" {
		return file
	}
	own := base(strings.TrimPrefix(p.Args[0], "-")) // as login shells begin
	if own == file {
		return file
	}
	if title, _, more := strings.Cut(own, " "); more && !strings.ContainsAny(p.Args[0], `/\`) {
		own = strings.TrimSuffix(title, ":")
	}
	return own
}

// script is the name of the script that a runtime runs, "" where it runs none.
func (p Program) script() string {
	for i := 1; i < len(p.Args); i++ {
		switch arg := p.Args[i]; {
		case arg == "-m" && i+1 < len(p.Args):
			return p.Args[i+1]
		case slices.Contains(inline, arg):
			return ""
		case slices.Contains(valued, arg):
			i++
		case arg == "" || strings.HasPrefix(arg, "-"), slices.Contains(verbs, arg):
		default:
			return p.titled(slashed(arg))
		}
	}
	return ""
}

// titled names a script by its file, or by the first of its folders that says something.
func (p Program) titled(file string) string {
	if !strings.HasPrefix(file, "/") && !strings.Contains(file, ":") {
		file = path.Join(slashed(p.Dir), file)
	}
	name := path.Base(file)
	for _, ending := range endings {
		name = strings.TrimSuffix(name, ending)
	}
	if !slices.Contains(generic, name) {
		return name
	}
	for dir := path.Dir(file); dir != "." && dir != "/"; dir = path.Dir(dir) {
		if folder := path.Base(dir); !slices.Contains(folders, folder) {
			return folder
		}
	}
	return name
}

// base is the last part of a path, as any system writes it, without what Windows adds to programs.
func base(file string) string {
	file = slashed(file)
	file = file[strings.LastIndexByte(file, '/')+1:]
	if n := len(file) - len(".exe"); n > 0 && strings.EqualFold(file[n:], ".exe") {
		return file[:n]
	}
	return file
}

func slashed(file string) string { return strings.ReplaceAll(file, `\`, "/") }
