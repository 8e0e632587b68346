package world

import (
	"context"
	"sync"
	"syscall"

	"github.com/haltwire/haltwire/sinks/embedded"
)

// engine is the ClickHouse of a world, which ends and comes back.
type engine struct {
	mu       sync.Mutex // also of server, whose methods are for one goroutine
	server   *embedded.Server
	restarts int
}

// KillEngine ends ClickHouse as kill -9 does.
func (w *World) KillEngine() {
	w.t.Helper()
	w.engine.mu.Lock()
	pid, done := w.engine.server.Pid(), w.engine.server.Done()
	w.engine.mu.Unlock()
	w.must(syscall.Kill(pid, syscall.SIGKILL))
	<-done
}

// RestartEngine brings ClickHouse back on its data, at its address.
func (w *World) RestartEngine() {
	w.t.Helper()
	w.must(w.engine.restart())
}

func (e *engine) restart() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	_ = e.server.Stop(context.Background()) // it tells that the child was killed
	_, err := e.server.Start(context.Background())
	e.restarts++
	return err
}

// EngineRestarts returns how often ClickHouse was brought back.
func (w *World) EngineRestarts() int {
	w.engine.mu.Lock()
	defer w.engine.mu.Unlock()
	return w.engine.restarts
}

// keepEngine restarts ClickHouse whenever it ends, until the returned function
// is called. The embedded engine aborts when a client's connection is reset
// while it reads from it, as that of a haltwire that ends may be; a server's
// process would be restarted by its supervisor too.
func (w *World) keepEngine() (stop func()) {
	ctx, cancel := context.WithCancel(w.t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for ctx.Err() == nil {
			w.engine.mu.Lock()
			done := w.engine.server.Done()
			w.engine.mu.Unlock()
			select {
			case <-ctx.Done():
				return
			case <-done:
			}
			if err := w.engine.restart(); err != nil {
				w.t.Errorf("restart ClickHouse: %v", err)
				return
			}
		}
	}()
	return func() { cancel(); <-ended }
}
