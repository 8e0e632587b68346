package embedded

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
)

// configFile is the engine's main configuration. Caches are small because the
// memory cap counts them.
const configFile = `<clickhouse>
  <logger><level>none</level></logger>
  <max_server_memory_usage>%d</max_server_memory_usage>
  <mark_cache_size>%d</mark_cache_size>
  <uncompressed_cache_size>0</uncompressed_cache_size>
  <users_config>%s</users_config>
</clickhouse>
`

// usersFile gives our user all rights but files, and leaves user default, without
// which the starter cannot start, what starting takes.
const usersFile = `<clickhouse>
  <profiles><default/></profiles>
  <quotas><default/></quotas>
  <users>
    <default>
      <password></password>
      <networks><ip>127.0.0.1</ip><ip>::1</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
      <grants>
        <query>GRANT SYSTEM LISTEN ON *.*</query>
        <query>GRANT CREATE TEMPORARY TABLE ON *.*</query>
      </grants>
    </default>
    <%s>
      <password_sha256_hex>%s</password_sha256_hex>
      <networks><ip>127.0.0.1</ip><ip>::1</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
      <grants>
        <query>GRANT ALL ON *.* WITH GRANT OPTION</query>
        <query>REVOKE READ, WRITE ON FILE</query>
      </grants>
    </%s>
  </users>
</clickhouse>
`

// waitQuery opens the ports, then reads standard input until its end. FROM INFILE
// is read by the starter itself, so it takes no right to read files.
const waitQuery = "SYSTEM START LISTEN TCP; SYSTEM START LISTEN HTTP; " +
	"INSERT INTO FUNCTION null('x String') FROM INFILE '/dev/stdin' FORMAT LineAsString"

const (
	defaultMemory = 1500 << 20
	// A sixteenth of the memory keeps marks of some 10,000 parts.
	markCacheShare = 16
)

// writeConfig writes both files for one start and returns the main one.
func writeConfig(dir string, memory int64, user, password string) (string, error) {
	main, users := filepath.Join(dir, "config.xml"), filepath.Join(dir, "users.xml")
	hash := sha256.Sum256([]byte(password))
	texts := map[string]string{
		main:  fmt.Sprintf(configFile, memory, memory/markCacheShare, escape(users)),
		users: fmt.Sprintf(usersFile, user, hex.EncodeToString(hash[:]), user),
	}
	for path, text := range texts {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return "", fmt.Errorf("write configuration of embedded ClickHouse: %w", err)
		}
	}
	return main, nil
}

func escape(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text)
}

func arguments(dir, config string, address Address) []string {
	_, tcp, _ := net.SplitHostPort(address.Native) // joined by us
	_, http, _ := net.SplitHostPort(address.HTTP)
	return []string{
		"--path=" + filepath.Join(dir, "data"),
		"--listen_host=" + host,
		"--tcp_port=" + tcp,
		"--http_port=" + http,
		"--config-file=" + config,
		"--multiquery",
		"--query", waitQuery,
	}
}
