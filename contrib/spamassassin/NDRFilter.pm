# Licensed under the Apache License, Version 2.0; see LICENSE of ndrfilter.

=head1 NAME

Mail::SpamAssassin::Plugin::NDRFilter - ask ndrfilter whether a bounce is ours

=head1 SYNOPSIS

  loadplugin Mail::SpamAssassin::Plugin::NDRFilter /etc/spamassassin/NDRFilter.pm

  header NDR_BACKSCATTER eval:check_ndrfilter('backscatter')

=head1 DESCRIPTION

Messages that may be bounces are shown to a running C<ndrfilter serve>, over the C<spamd> protocol; its verdict and
the names of its rules come back. Other mail is not shown to it. Without an answer in time, C<check_ndrfilter('unavailable')>
is true, and SpamAssassin goes on.

=cut

package Mail::SpamAssassin::Plugin::NDRFilter;

use strict;
use warnings;
use re 'taint';

use Errno qw(EINTR);
use IO::Socket::UNIX;
use Mail::SpamAssassin::Logger;
use Mail::SpamAssassin::Plugin;
use Mail::SpamAssassin::Timeout;
use Mail::SpamAssassin::Util qw(untaint_var);
use Socket qw(SOCK_STREAM);

our @ISA = qw(Mail::SpamAssassin::Plugin);

my $MAX_REPLY = 65536;
my $NAME = qr/NDR_[A-Z0-9_]{1,100}/;
my %VERDICT = (NDR_BACKSCATTER => 'backscatter', NDR_FAKE => 'fake', NDR_GENUINE => 'genuine',
               NDR_UNDETERMINED => 'undetermined');

my $TCP;
BEGIN {
  $TCP = eval { require IO::Socket::IP; 'IO::Socket::IP' } || eval { require IO::Socket::INET; 'IO::Socket::INET' };
}

sub new {
  my ($class, $main) = @_;
  my $self = $class->SUPER::new($main);
  bless $self, ref($class) || $class;
  $self->register_eval_rule('check_ndrfilter', $Mail::SpamAssassin::Conf::TYPE_HEAD_EVALS);
  $self->set_config($main->{conf});
  return $self;
}

=head1 USER OPTIONS

=over 4

=item use_ndrfilter (0|1)    (default: 1)

Whether to ask at all.

=back

=head1 ADMINISTRATOR OPTIONS

=over 4

=item ndrfilter_host HOST    (default: 127.0.0.1)

=item ndrfilter_port PORT    (default: 1783)

Where ndrfilter listens for C<spamd> clients.

=item ndrfilter_socket PATH  (default: none)

Its Unix socket, instead of host and port.

=item ndrfilter_timeout n    (default: 6)

Seconds (or with a unit: s, m) that one message may wait. ndrfilter itself takes at most 5 seconds, and those only
where a plugin of its asks DNS.

=item ndrfilter_ask (bounces|all)  (default: bounces)

What is shown to ndrfilter: what may be a bounce, or everything.

=back

=cut

sub set_config {
  my ($self, $conf) = @_;
  my $string = $Mail::SpamAssassin::Conf::CONF_TYPE_STRING;
  my @settings = (
    { setting => 'use_ndrfilter', default => 1, type => $Mail::SpamAssassin::Conf::CONF_TYPE_BOOL },
    { setting => 'ndrfilter_timeout', is_admin => 1, default => 6,
      type => $Mail::SpamAssassin::Conf::CONF_TYPE_DURATION },
    _checked('ndrfilter_host', '127.0.0.1', $string, qr/^([A-Za-z0-9_.:-]{1,255})$/),
    _checked('ndrfilter_port', 1783, $string, qr/^([1-9][0-9]{0,4})$/),
    _checked('ndrfilter_socket', undef, $string, qr{^(/[^\0]{1,106})$}),
    _checked('ndrfilter_ask', 'bounces', $string, qr/^(bounces|all)$/),
  );
  $conf->{parser}->register_commands(\@settings);
}

# A setting of the administrator's that must match the pattern.
sub _checked {
  my ($name, $default, $type, $pattern) = @_;
  return {
    setting => $name, is_admin => 1, default => $default, type => $type,
    code => sub {
      my ($conf, $key, $value) = @_;
      return $Mail::SpamAssassin::Conf::MISSING_REQUIRED_VALUE if !defined $value || $value eq '';
      return $Mail::SpamAssassin::Conf::INVALID_VALUE if $value !~ $pattern;
      $conf->{$key} = untaint_var($value);
    },
  };
}

=head1 EVAL RULES

=over 4

=item check_ndrfilter('VERDICT')

True if that is ndrfilter's verdict: C<backscatter>, C<fake>, C<genuine>, C<undetermined>; or C<unavailable>, if it was
asked in vain. The rule's description then shows the names of the rules that led to it.

=back

=head1 TAGS

  _NDRFILTER_    the verdict and those names; "none" if it is no bounce, "not asked", "unavailable"

=cut

sub check_ndrfilter {
  my ($self, $pms, $wanted) = @_;
  my $found = $pms->{ndrfilter} ||= $self->_judged($pms);
  return 0 if $found->{verdict} ne $wanted;
  $pms->test_log($found->{names}) if $found->{names} ne '';
  return 1;
}

sub _judged {
  my ($self, $pms) = @_;
  my $conf = $self->{main}->{conf};
  my $found = { verdict => 'not asked', names => '' };
  if ($conf->{use_ndrfilter} && ($conf->{ndrfilter_ask} eq 'all' || _may_be_bounce($pms))) {
    my $timer = $self->{main}->time_method('check_ndrfilter');
    $found = $self->_asked($pms) || { verdict => 'unavailable', names => '' };
  }
  my $tag = $found->{verdict} . ($found->{names} eq '' ? '' : " $found->{names}");
  $pms->set_tag('NDRFILTER', $tag);
  dbg("ndrfilter: %s", $tag);
  return $found;
}

# Generous: a question is cheap. A null sender says enough; where the sender is not known, or is made up, the header does.
sub _may_be_bounce {
  my ($pms) = @_;
  my $sender = _sender($pms);
  return 1 if defined $sender && $sender =~ /^(?:mailer-daemon(?:\@.*)?)?$/i;
  return 1 if $pms->get('From', '') =~ /mailer-?daemon|postmaster|(?:mail|message|delivery).{0,20}(?:delivery|system|service|subsystem)/i;
  return 1 if $pms->get('Content-Type', '') =~ m{multipart/report|message/(?:global-)?delivery-status}i;
  return 1 if $pms->get('ALL', '') =~ /^(?:X-Failed-Recipients|Auto-Submitted[ \t]*:[ \t]*auto-)/im;
  return $pms->get('Subject', '') =~ /
      un-?deliver | deliver | non-?remis | returned | failure | bounce | could\ not\ be | rejected | NDR\b
    | zustell | mailbox | mail\ ?box | postfach | quota | out\ of\ (?:the\ )?office | auto(?:matic)?[- ]?(?:reply|response)
    | abwesen | vacation
  /ix ? 1 : 0;
}

# The envelope sender, empty if it is null, undefined if nothing tells. SpamAssassin's own guess knows no null sender in a
# field of the header.
sub _sender {
  my ($pms) = @_;
  my $separator = $pms->get_message()->get_mbox_separator();
  return '' if defined $separator && $separator =~ /^From (?:<>|MAILER-DAEMON)[ \t]/;
  my $header = $pms->{main}->{conf}->{envelope_sender_header};
  for my $name (defined $header ? ($header) : qw(X-Envelope-From Envelope-Sender Return-Path)) {
    my ($value) = $pms->get("$name:first");
    return '' if defined $value && $value =~ /^\s*<>\s*$/;
  }
  return scalar $pms->get('EnvelopeFrom:addr', undef);
}

# The verdict and the names, or nothing if there was no proper answer in time.
sub _asked {
  my ($self, $pms) = @_;
  my $conf = $self->{main}->{conf};
  my $timer = Mail::SpamAssassin::Timeout->new(
    { secs => $conf->{ndrfilter_timeout}, deadline => $pms->{master_deadline} });
  my $reply;
  my $error = $timer->run_and_catch(sub {
    local $SIG{PIPE} = 'IGNORE';
    $reply = _exchange(_connected($conf), $self->_request($pms));
  });
  if ($timer->timed_out()) {
    info("ndrfilter: no answer within %s seconds", $conf->{ndrfilter_timeout});
    return;
  }
  if ($error) {
    chomp $error;
    info("ndrfilter: %s", $error);
    return;
  }
  my $found = _read($reply);
  info("ndrfilter: the answer is not one of ndrfilter") if !$found;
  return $found;
}

sub _connected {
  my ($conf) = @_;
  my $path = $conf->{ndrfilter_socket};
  my $socket = defined $path
    ? IO::Socket::UNIX->new(Type => SOCK_STREAM, Peer => $path)
    : $TCP->new(Proto => 'tcp', PeerAddr => $conf->{ndrfilter_host}, PeerPort => $conf->{ndrfilter_port});
  die "cannot connect: $!\n" if !$socket;
  binmode $socket;
  return $socket;
}

# What SpamAssassin knows of the sender stands above the message, where ndrfilter looks for it first.
sub _request {
  my ($self, $pms) = @_;
  my $message = $pms->get_message()->get_pristine();
  my $sender = _sender($pms);
  if (defined $sender && $sender =~ /^[\x21-\x3b\x3d\x3f-\x7e]{0,320}$/) {
    my $end = $message =~ /\A[^\n]*\r\n/ ? "\r\n" : "\n";
    $message = "Return-Path: <$sender>$end" . $message;
  }
  my $user = $self->{main}->{username};
  my $named = defined $user && $user =~ /^[\x21-\x7e]{1,320}$/ ? "User: $user\r\n" : '';
  utf8::encode($message) if utf8::is_utf8($message);
  return "SYMBOLS SPAMC/1.5\r\n${named}Content-length: " . length($message) . "\r\n\r\n" . $message;
}

sub _exchange {
  my ($socket, $request) = @_;
  my $sent = 0;
  while ($sent < length $request) {
    my $wrote = syswrite $socket, $request, 65536, $sent;
    next if !defined $wrote && $! == EINTR;
    last if !defined $wrote;    # it may have said why, and closed
    $sent += $wrote;
  }
  shutdown $socket, 1;
  my $reply = '';
  while (length($reply) < $MAX_REPLY) {
    my $read = sysread $socket, $reply, $MAX_REPLY - length($reply), length($reply);
    next if !defined $read && $! == EINTR;
    die "cannot read: $!\n" if !defined $read;
    last if !$read;
  }
  close $socket;
  return $reply;
}

# Nothing of the reply is used but what these patterns leave of it.
sub _read {
  my ($reply) = @_;
  my ($head, $body) = $reply =~ /\A(SPAMD\/1\.[0-9] 0 EX_OK\r\n(?:[A-Za-z-]{1,40}: [^\r\n]{0,200}\r\n){1,10})\r\n(.*)\z/s;
  return if !defined $head;
  return if $head !~ /^Spam: (?:True|False) ; -?[0-9]{1,6}\.[0-9] \/ [0-9]{1,6}\.[0-9]\r$/m;
  return if $head !~ /^Content-length: ([0-9]{1,5})\r$/m || $1 != length $body;
  return if $body !~ /\A(?:$NAME(?:,$NAME){0,500})?\z/;
  my ($first, @names) = split /,/, untaint_var($body);
  return { verdict => 'none', names => '' } if !defined $first;
  my $verdict = $VERDICT{$first};
  unshift @names, $first if !defined $verdict;
  splice @names, 20;
  return { verdict => $verdict || 'none', names => join(' ', @names) };
}

1;
