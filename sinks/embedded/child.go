package embedded

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"unsafe"

	"github.com/ebitengine/purego"
)

// childVariable carries the child's order, as JSON, through the environment.
const childVariable = "HALTWIRE_CLICKHOUSE_CHILD"

// order is what the parent tells its child to run.
type order struct {
	Library string   `json:"library"`
	Dir     string   `json:"dir"` // all that the engine may write
	Args    []string `json:"args"`
}

// ChildMain runs the engine and reports true when this process was started as
// the child of a Server; else it reports false at once. main and TestMain call
// it first and exit with the code when it reports true.
func ChildMain() (code int, child bool) {
	text := os.Getenv(childVariable)
	if text == "" {
		return 0, false
	}
	var o order
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		fmt.Fprintf(os.Stderr, "read order of the ClickHouse child: %v\n", err)
		return 2, true
	}
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1, true
	}
	return 0, true
}

// environment returns what the child needs of ours. Users of the engine can read
// it, so it must hold no secret.
func environment() []string {
	var out []string
	for _, name := range []string{"PATH", "HOME", "TZ", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "GOCOVERDIR"} {
		if value, set := os.LookupEnv(name); set {
			out = append(out, name+"="+value)
		}
	}
	return out
}

// run opens the library and gives it the thread until standard input ends.
func run(o order) error {
	runtime.LockOSThread() // never unlocked: the engine's threads come from this one
	giveWay()
	if err := confine(o.Dir, o.Library); err != nil {
		return fmt.Errorf("confine the ClickHouse engine: %w", err)
	}
	library, err := purego.Dlopen(o.Library, purego.RTLD_NOW|purego.RTLD_GLOBAL)
	if err != nil {
		return fmt.Errorf("open the ClickHouse engine: %w", err)
	}
	var query func(argc int32, argv **byte) unsafe.Pointer
	var failure func(result unsafe.Pointer) *byte
	purego.RegisterLibFunc(&query, library, "chdb_query_cmdline")
	purego.RegisterLibFunc(&failure, library, "chdb_result_error")

	args := append([]string{"clickhouse"}, o.Args...)
	argv := make([]*byte, len(args)+1)
	for i, arg := range args {
		argv[i] = unsafe.StringData(arg + "\x00")
	}
	result := query(int32(len(args)), &argv[0])
	runtime.KeepAlive(argv)
	if result == nil {
		return errors.New("run the ClickHouse engine: it gave no result")
	}
	if text := failure(result); text != nil {
		return fmt.Errorf("run the ClickHouse engine: %s", cString(text))
	}
	return nil
}

func cString(p *byte) string {
	var text strings.Builder
	for ; *p != 0; p = (*byte)(unsafe.Add(unsafe.Pointer(p), 1)) {
		text.WriteByte(*p)
	}
	return text.String()
}
