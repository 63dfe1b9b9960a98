-- One account, so that nobody has to call another program for it.
require "core.usermanager".create_user("ada", "correct horse", module.host);
