package embedded_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"go.uber.org/goleak"

	"github.com/haltwire/haltwire/sinks/embedded"
)

// ownerVariable makes the test binary start a server and wait, to be killed.
const ownerVariable = "HALTWIRE_TEST_OWNER"

func TestMain(m *testing.M) {
	if code, child := embedded.ChildMain(); child {
		os.Exit(code)
	}
	if dir := os.Getenv(ownerVariable); dir != "" {
		os.Exit(own(dir))
	}
	goleak.VerifyTestMain(m)
}

const wait = 30 * time.Second

func TestRowsSurviveKillAndRestart(t *testing.T) {
	server := newServer(t)
	address := start(t, server)
	db := open(t, address.Native, address.User, address.Password.Reveal())
	execute(t, db, "CREATE TABLE t (n UInt64) ENGINE = MergeTree ORDER BY n")
	execute(t, db, "INSERT INTO t SELECT number FROM numbers(1000)")
	if err := syscall.Kill(server.Pid(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	select {
	case <-server.Done():
	case <-time.After(wait):
		t.Fatal("Done is not closed after the child's death")
	}
	stop(t, server)

	address = start(t, server)
	db = open(t, address.Native, address.User, address.Password.Reveal())
	var n uint64
	if err := db.QueryRow(context.Background(), "SELECT count() FROM t").Scan(&n); err != nil || n != 1000 {
		t.Fatalf("count = %d, %v", n, err)
	}
	stop(t, server)
	refused(t, address.Native)
}

func TestMemoryIsCapped(t *testing.T) {
	address := start(t, newServer(t))
	db := open(t, address.Native, address.User, address.Password.Reveal())
	var bytes string
	err := db.QueryRow(context.Background(),
		"SELECT value FROM system.server_settings WHERE name = 'max_server_memory_usage'").Scan(&bytes)
	if err != nil || bytes != fmt.Sprint(600<<20) {
		t.Fatalf("cap = %s, %v", bytes, err)
	}
	if err := db.Exec(context.Background(),
		"SELECT groupArray(randomString(1000)) FROM numbers(2000000) FORMAT Null"); err == nil {
		t.Fatal("a query of 2 GB fits into a server of 600 MiB")
	}
}

func TestDefaultUserReachesNoTable(t *testing.T) {
	address := start(t, newServer(t))
	db := open(t, address.Native, address.User, address.Password.Reveal())
	execute(t, db, "CREATE TABLE t (n UInt64) ENGINE = MergeTree ORDER BY n")
	stranger := open(t, address.Native, "default", "")
	for _, query := range []string{
		"SELECT * FROM t",
		"SELECT * FROM file('../users.xml', LineAsString)",
		"SELECT * FROM file('/etc/passwd', LineAsString, 'x String')",
		"SELECT * FROM url('http://127.0.0.1:1/', LineAsString)",
		"SELECT * FROM remote('127.0.0.1', system.one)",
		"SELECT * FROM executable('x', LineAsString, 'x String')",
		"INSERT INTO FUNCTION file('stolen.tsv', 'TSV', 'x String') VALUES ('x')",
		"CREATE TABLE u (n UInt64) ENGINE = Memory",
		"DROP TABLE t",
		"CREATE USER x",
		"SHOW CREATE USER haltwire",
		"SYSTEM SHUTDOWN",
	} {
		if err := stranger.Exec(context.Background(), query); err == nil {
			t.Errorf("user default may: %s", query)
		} else if clash := new(clickhouse.Exception); !errors.As(err, &clash) {
			t.Errorf("%s: not the server's refusal: %v", query, err)
		}
	}
	options := &clickhouse.Options{Addr: []string{address.Native}, Auth: clickhouse.Auth{Username: address.User, Password: "wrong"}}
	wrong, err := clickhouse.Open(options)
	if err != nil {
		t.Fatal(err)
	}
	defer wrong.Close()
	if err := wrong.Ping(context.Background()); err == nil {
		t.Error("a wrong password is accepted")
	}
}

// TestNobodyReadsForeignFiles tries every way to a file that the engine has: what
// grants forbid, and what only the kernel can (the function file asks for none).
func TestNobodyReadsForeignFiles(t *testing.T) {
	t.Setenv("HALTWIRE_TEST_SECRET", "swordfish")
	address := start(t, newServer(t))
	db := open(t, address.Native, address.User, address.Password.Reveal())
	stranger := open(t, address.Native, "default", "")
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("swordfish\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	execute(t, db, "CREATE TABLE f (x String) ENGINE = File('LineAsString', '"+secret+"')")
	granted := []string{
		"SELECT * FROM file('SECRET', LineAsString, 'x String')",
		"DESCRIBE file('SECRET', LineAsString)",
		"INSERT INTO FUNCTION file('SECRET', LineAsString, 'x String') VALUES ('x')",
		"SELECT * FROM icebergLocal('SECRET')",
		"SELECT * FROM deltaLakeLocal('SECRET')",
		"SELECT * FROM sqlite('SECRET', 't')",
		"BACKUP DATABASE default TO File('SECRET')",
	}
	kernel := []string{
		"SELECT file('SECRET')",
		"SELECT file('/etc/passwd')",
		"SELECT file('/proc/self/root/etc/passwd')",
		fmt.Sprintf("SELECT file('/proc/%d/environ')", os.Getpid()),
		fmt.Sprintf("SELECT file('/proc/%d/cmdline')", os.Getppid()),
		"SELECT * FROM f",
		"INSERT INTO f VALUES ('x')",
	}
	queries := granted
	if embedded.Confinable() {
		queries = append(queries, kernel...)
	}
	for _, query := range queries {
		query = strings.ReplaceAll(query, "SECRET", secret)
		for name, user := range map[string]driver.Conn{"default": stranger, "haltwire": db} {
			if clash := new(clickhouse.Exception); !errors.As(user.Exec(context.Background(), query), &clash) {
				t.Errorf("user %s may: %s", name, query)
			}
		}
	}
	execute(t, db, "SELECT throwIf(file('/proc/self/environ') LIKE '%swordfish%')")
	if text, err := os.ReadFile(secret); err != nil || string(text) != "swordfish\n" {
		t.Errorf("the file is now %q, %v", text, err)
	}
}

func TestChildEndsWithItsKilledParent(t *testing.T) {
	owner := exec.Command(os.Args[0])
	owner.Env = append(os.Environ(), ownerVariable+"="+t.TempDir())
	output, err := owner.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := owner.Start(); err != nil {
		t.Fatal(err)
	}
	var native string
	var pid int
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscan(line, &native, &pid); err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	if err := owner.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = owner.Wait() // it says that it was killed
	eventually(t, "the child ends", func() bool { return !alive(pid) })
	refused(t, native)
}

func TestErrorsSayWhatToDo(t *testing.T) {
	if _, err := embedded.New(embedded.Options{}); err == nil {
		t.Error("New without a directory gave no error")
	}
	server, err := embedded.New(embedded.Options{Dir: t.TempDir(), Library: t.TempDir() + "/absent.so"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := server.Start(context.Background()); err == nil || !strings.Contains(err.Error(), "make engine") {
		t.Errorf("library absent: %v", err)
	}
	broken := t.TempDir() + "/broken.so"
	if err := os.WriteFile(broken, []byte("no library"), 0o600); err != nil {
		t.Fatal(err)
	}
	server, err = embedded.New(embedded.Options{Dir: t.TempDir(), Library: broken})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := server.Start(context.Background()); err == nil || !strings.Contains(err.Error(), "open the ClickHouse engine") {
		t.Errorf("library broken: %v", err)
	}
	stop(t, server)
}

// own starts a server, prints where it is, and waits for ever.
func own(dir string) int {
	server, err := embedded.New(embedded.Options{Dir: dir})
	if err != nil {
		return 1
	}
	address, err := server.Start(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println(address.Native, server.Pid())
	select {}
}

func newServer(t *testing.T) *embedded.Server {
	t.Helper()
	server, err := embedded.New(embedded.Options{Dir: t.TempDir(), MemoryBytes: 600 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, server) })
	return server
}

func start(t *testing.T, server *embedded.Server) embedded.Address {
	t.Helper()
	address, err := server.Start(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return address
}

func stop(t *testing.T, server *embedded.Server) {
	t.Helper()
	for range 2 {
		if err := server.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	}
}

func open(t *testing.T, address, user, password string) driver.Conn {
	t.Helper()
	db, err := clickhouse.Open(&clickhouse.Options{
		Addr: []string{address}, Auth: clickhouse.Auth{Username: user, Password: password}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func execute(t *testing.T, db driver.Conn, query string) {
	t.Helper()
	if err := db.Exec(context.Background(), query); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

func refused(t *testing.T, address string) {
	t.Helper()
	if c, err := net.Dial("tcp", address); err == nil {
		_ = c.Close()
		t.Errorf("%s still listens", address)
	}
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(wait)
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("not within %s: %s", wait, what)
		}
	}
}

// alive reports whether the process runs: a dead one that nobody has waited for
// yet does not.
func alive(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(text), ") Z ")
}
