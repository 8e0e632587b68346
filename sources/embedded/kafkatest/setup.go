package kafkatest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// Version is the release of Apache Kafka that tests run against.
const Version = "4.3.1"

// JarsVariable names the folder of the jars when they are not in the cache
// folder.
const JarsVariable = "HALTWIRE_KAFKA_JARS"

const nodeID = 1

// java returns a command on Kafka's class path that dies with this process.
func java(args ...string) (*exec.Cmd, error) {
	binary, err := exec.LookPath("java")
	if err != nil {
		return nil, fmt.Errorf("java is not on the path (`make doctor` says how to install it): %w", err)
	}
	jars, err := jars()
	if err != nil {
		return nil, err
	}
	options := []string{"-cp", filepath.Join(jars, "*"), "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"}
	command := exec.Command(binary, append(options, args...)...)
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	return command, nil
}

func jars() (string, error) {
	dir := os.Getenv(JarsVariable)
	if dir == "" {
		cache, err := cacheDir()
		if err != nil {
			return "", err
		}
		dir = filepath.Join(cache, "kafka", Version)
	}
	if _, err := os.Stat(filepath.Join(dir, "kafka_2.13-"+Version+".jar")); err != nil {
		return "", fmt.Errorf("the jars of Apache Kafka %s are not in %s: fetch them with `make kafka-jars` or set %s", Version, dir, JarsVariable)
	}
	return dir, nil
}

// cacheDir is the folder that the Makefile fills.
func cacheDir() (string, error) {
	if dir := os.Getenv("HALTWIRE_CACHE"); dir != "" {
		return dir, nil
	}
	if dir := os.Getenv("XDG_CACHE_HOME"); dir != "" {
		return filepath.Join(dir, "haltwire"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("find the cache folder: %w", err)
	}
	return filepath.Join(home, ".cache", "haltwire"), nil
}

// prepare takes ports, writes certificates and settings, and formats the log
// directory.
func (s *Server) prepare() error {
	for _, port := range []*int{&s.plain, &s.control, &s.sasl, &s.tls} {
		listener, err := net.Listen("tcp", host+":0")
		if err != nil {
			return fmt.Errorf("find a free port: %w", err)
		}
		defer listener.Close()
		*port = listener.Addr().(*net.TCPAddr).Port
	}
	if s.options.TLS {
		if err := writeCertificates(s.dir); err != nil {
			return err
		}
	}
	if err := os.WriteFile(s.properties(), []byte(s.settings()), 0o600); err != nil {
		return err
	}
	return s.format()
}

func (s *Server) properties() string { return filepath.Join(s.dir, "server.properties") }

func (s *Server) settings() string {
	listeners := []string{fmt.Sprintf("PLAIN://%s", address(s.plain)), fmt.Sprintf("CONTROL://%s", address(s.control))}
	protocols := []string{"PLAIN:PLAINTEXT", "CONTROL:PLAINTEXT"}
	lines := []string{
		"process.roles=broker,controller",
		fmt.Sprintf("node.id=%d", nodeID),
		fmt.Sprintf("controller.quorum.voters=%d@%s", nodeID, address(s.control)),
		"controller.listener.names=CONTROL",
		"inter.broker.listener.name=PLAIN",
		"log.dirs=" + filepath.Join(s.dir, "log"),
		"auto.create.topics.enable=false",
		"offsets.topic.num.partitions=4",
		"offsets.topic.replication.factor=1",
		"transaction.state.log.num.partitions=2",
		"transaction.state.log.replication.factor=1",
		"transaction.state.log.min.isr=1",
		"share.coordinator.state.topic.num.partitions=1",
		"share.coordinator.state.topic.replication.factor=1",
		"share.coordinator.state.topic.min.isr=1",
		"group.initial.rebalance.delay.ms=0",
		"group.min.session.timeout.ms=1000",
		"log.retention.check.interval.ms=1000",
	}
	if s.options.SASL {
		listeners = append(listeners, "SASL://"+address(s.sasl))
		protocols = append(protocols, "SASL:SASL_PLAINTEXT")
		lines = append(lines, saslLines()...)
	}
	if s.options.TLS {
		listeners = append(listeners, "TLS://"+address(s.tls))
		protocols = append(protocols, "TLS:SSL")
		lines = append(lines,
			"listener.name.tls.ssl.keystore.type=PEM",
			"listener.name.tls.ssl.keystore.location="+filepath.Join(s.dir, "server.pem"))
	}
	lines = append(lines,
		"listeners="+strings.Join(listeners, ","),
		"listener.security.protocol.map="+strings.Join(protocols, ","))
	for name, value := range s.options.Settings {
		lines = append(lines, name+"="+value)
	}
	return strings.Join(lines, "\n") + "\n"
}

func saslLines() []string {
	const scram = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
	return []string{
		"listener.name.sasl.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
		"listener.name.sasl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required " +
			fmt.Sprintf("user_%s=%q;", User, Password),
		"listener.name.sasl.scram-sha-256.sasl.jaas.config=" + scram,
		"listener.name.sasl.scram-sha-512.sasl.jaas.config=" + scram,
	}
}

// format writes the cluster's identity and SCRAM users into the log directory.
func (s *Server) format() error {
	args := []string{"kafka.tools.StorageTool", "format", "-t", "aGFsdHdpcmUtdGVzdHMtMQ", "-c", s.properties()}
	if s.options.SASL {
		for _, mechanism := range []string{"SCRAM-SHA-256", "SCRAM-SHA-512"} {
			args = append(args, "--add-scram", fmt.Sprintf("%s=[name=%s,password=%s]", mechanism, User, Password))
		}
	}
	command, err := java(append([]string{"-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"}, args...)...)
	if err != nil {
		return err
	}
	command.Dir = s.dir
	output, err := command.CombinedOutput()
	if err != nil {
		return fmt.Errorf("format the log directory: %w: %s", err, output)
	}
	return nil
}
