package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"
)

func main() {
	runtime.LockOSThread() // see endWithUs
	args := os.Args[1:]
	var err error
	switch part := append(args, "")[0]; part {
	case "mock":
		err = listenAs(args[1:], func(string) server { return newMock() })
	case "floor":
		err = listenAs(args[1:], func(upstream string) server { return newFloor(upstream) })
	case "load":
		err = serveLoad(os.Stdin, os.Stdout)
	default:
		err = runAll(args)
	}
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// server is a part that listens.
type server interface{ serve(net.Listener) error }

// listenAs runs a part until its input ends: so it ends with the runner, however that ends. Started by hand at a
// terminal it ends with ^D.
func listenAs(args []string, make func(upstream string) server) error {
	flags := flag.NewFlagSet("part", flag.ContinueOnError)
	listen := flags.String("listen", "127.0.0.1:0", "address to listen on")
	upstream := flags.String("upstream", "", "address of the mock (floor only)")
	if err := flags.Parse(args); err != nil {
		return err
	}
	ln, err := net.Listen("tcp", *listen)
	if err != nil {
		return err
	}
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	fmt.Println(ln.Addr())
	return make(*upstream).serve(ln)
}

func runAll(args []string) error {
	var o options
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.StringVar(&o.gateway, "gateway", "build/bin/heimdall-headless", "headless `program` to measure")
	flags.StringVar(&o.gatewayAddr, "gateway-addr", "", "`address` of a gateway that runs already, to measure instead; needs --gateway-pid")
	flags.IntVar(&o.gatewayPID, "gateway-pid", 0, "its process `id`")
	flags.StringVar(&o.bigLog, "big-log", "", "app `folder` with a big log to start on; else what this run has logged")
	flags.IntVar(&o.runs, "runs", 5, "rounds of each measure")
	flags.BoolVar(&o.quick, "quick", false, "2 rounds of short slices, for development: no figures to quote")
	only := flags.String("only", "", "`numbers` of the goals to measure, such as 1,2,3")
	file := flags.String("json", "", "`file` to write the results to")
	if err := flags.Parse(args); err != nil {
		return err
	}
	for _, number := range strings.FieldsFunc(*only, func(r rune) bool { return r == ',' || r == ' ' }) {
		n, err := strconv.Atoi(number)
		if err != nil {
			return fmt.Errorf("--only wants numbers of goals, such as 1,2,3, not %q", number)
		}
		o.only = append(o.only, n)
	}
	if o.quick {
		o.runs = 2
	}
	if o.gatewayAddr != "" && o.gatewayPID == 0 {
		return errors.New("--gateway-addr needs --gateway-pid, to read what the process uses")
	}
	b := &bench{options: o}
	b.report = newReport(b.wanted)
	failed := b.run()
	if len(b.report.Lines) > 0 {
		b.report.print(os.Stdout)
	}
	if *file != "" {
		failed = errors.Join(failed, b.report.write(*file))
	}
	if missed := b.report.missedGates(); len(missed) > 0 {
		failed = errors.Join(failed, fmt.Errorf("missed the gates of goals %v", missed))
	}
	return failed
}
