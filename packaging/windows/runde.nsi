; Installs Runde for one person, without an administrator's rights.
;   makensis -DVERSION=0.1.0 -DPROGRAMS=folder -DTEXTS=folder -DICON=icon.ico -DOUT=setup.exe runde.nsi
; PROGRAMS holds runde.exe, runde-cli.exe and WebView2Loader.dll; TEXTS LICENSE.txt and THIRD-PARTY.txt.
; Silent: setup.exe /S [/D=folder], uninstall.exe /S. What a person keeps (ledgers, settings) is never touched.

; 64 bits, as the programs are.
Target amd64-unicode
Unicode true
SetCompressor /SOLID lzma
RequestExecutionLevel user
Name "Runde"
BrandingText "Runde ${VERSION}"
OutFile "${OUT}"
InstallDir "$LOCALAPPDATA\Programs\Runde"
InstallDirRegKey HKCU "Software\Runde" "Folder"
VIProductVersion "${VERSION}.0"
VIAddVersionKey "ProductName" "Runde"
VIAddVersionKey "ProductVersion" "${VERSION}"
VIAddVersionKey "FileVersion" "${VERSION}"
VIAddVersionKey "FileDescription" "Runde"
VIAddVersionKey "CompanyName" "The Runde authors"
VIAddVersionKey "LegalCopyright" "The Runde authors, Apache-2.0"

!include MUI2.nsh
!include LogicLib.nsh
!include FileFunc.nsh

!define CLASSES "Software\Classes"
!define ENTRY "Software\Microsoft\Windows\CurrentVersion\Uninstall\Runde"
!define ABOUT "Software\Runde"
; What starts with the session; the settings of Runde write the same value (crates/profile/src/autostart/run_key.rs).
!define START "Software\Microsoft\Windows\CurrentVersion\Run"
!define START_COMMAND '"$INSTDIR\runde.exe" --hidden'
!define APPROVED "Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run"
; Microsoft's name of the WebView2 runtime, and its page of the installer.
!define WEBVIEW "Microsoft\EdgeUpdate\Clients\{F3017226-FE2A-4295-8BDF-00C3A9A7E4C5}"
!define WEBVIEW_PAGE "https://go.microsoft.com/fwlink/p/?LinkId=2124703"

!define MUI_ICON "${ICON}"
!define MUI_UNICON "${ICON}"
!define MUI_ABORTWARNING
!define MUI_FINISHPAGE_RUN "$INSTDIR\runde.exe"
!define MUI_FINISHPAGE_NOREBOOTSUPPORT
!insertmacro MUI_PAGE_COMPONENTS
!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_PAGE_FINISH
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE "English"
!insertmacro MUI_LANGUAGE "German"

LangString PROGRAM ${LANG_ENGLISH} "Runde"
LangString PROGRAM ${LANG_GERMAN} "Runde"
LangString LINKS ${LANG_ENGLISH} "Open room links"
LangString LINKS ${LANG_GERMAN} "Raum-Links öffnen"
LangString AUTOSTART ${LANG_ENGLISH} "Start with Windows"
LangString AUTOSTART ${LANG_GERMAN} "Mit Windows starten"
LangString ABOUT_PROGRAM ${LANG_ENGLISH} "The window, the command line and their licences."
LangString ABOUT_PROGRAM ${LANG_GERMAN} "Das Fenster, die Befehlszeile und ihre Lizenzen."
LangString ABOUT_LINKS ${LANG_ENGLISH} "runde: links, and jitsi-meet: links where no other program opens them."
LangString ABOUT_LINKS ${LANG_GERMAN} "Links mit runde:, und solche mit jitsi-meet:, wenn kein anderes Programm sie öffnet."
LangString ABOUT_AUTOSTART ${LANG_ENGLISH} "It waits beside the clock and contacts nobody."
LangString ABOUT_AUTOSTART ${LANG_GERMAN} "Es wartet neben der Uhr und nimmt zu niemandem Verbindung auf."
LangString NO_WEBVIEW ${LANG_ENGLISH} "Runde is installed. Its window needs Microsoft's WebView2, which this computer does not have.$\n$\nOpen Microsoft's page with its installer now? The command line works without."
LangString NO_WEBVIEW ${LANG_GERMAN} "Runde ist installiert. Das Fenster braucht WebView2 von Microsoft, das auf diesem Computer fehlt.$\n$\nMicrosofts Seite mit dem Installationsprogramm jetzt öffnen? Die Befehlszeile geht auch ohne."
LangString RUNNING ${LANG_ENGLISH} "Runde is running. Please quit it (beside the clock, too) and try again."
LangString RUNNING ${LANG_GERMAN} "Runde läuft noch. Bitte beenden Sie es (auch neben der Uhr) und versuchen Sie es noch einmal."

; A program that runs cannot be replaced: say so instead of leaving half of each version.
!macro ENSURE_CLOSED
  ${If} ${FileExists} "$INSTDIR\runde.exe"
    ClearErrors
    FileOpen $0 "$INSTDIR\runde.exe" a
    ${If} ${Errors}
      MessageBox MB_OK|MB_ICONEXCLAMATION "$(RUNNING)" /SD IDOK
      SetErrorLevel 3
      Quit
    ${EndIf}
    FileClose $0
  ${EndIf}
!macroend

!macro CLAIM SCHEME
  WriteRegStr HKCU "${CLASSES}\${SCHEME}" "" "URL:${SCHEME}"
  WriteRegStr HKCU "${CLASSES}\${SCHEME}" "URL Protocol" ""
  WriteRegStr HKCU "${CLASSES}\${SCHEME}\DefaultIcon" "" "$INSTDIR\runde.exe,0"
  WriteRegStr HKCU "${CLASSES}\${SCHEME}\shell\open\command" "" '"$INSTDIR\runde.exe" "%1"'
!macroend

; Only what is still ours: another program may have taken the scheme over since.
!macro RELEASE SCHEME
  ReadRegStr $0 HKCU "${CLASSES}\${SCHEME}\shell\open\command" ""
  ${If} $0 == '"$INSTDIR\runde.exe" "%1"'
    DeleteRegKey HKCU "${CLASSES}\${SCHEME}"
  ${EndIf}
!macroend

Section "$(PROGRAM)" SEC_PROGRAM
  SectionIn RO
  !insertmacro ENSURE_CLOSED
  SetOutPath "$INSTDIR"
  File "${PROGRAMS}/runde.exe"
  File "${PROGRAMS}/runde-cli.exe"
  File "${PROGRAMS}/WebView2Loader.dll"
  File "${TEXTS}/LICENSE.txt"
  File "${TEXTS}/THIRD-PARTY.txt"
  WriteUninstaller "$INSTDIR\uninstall.exe"
  CreateShortcut "$SMPROGRAMS\Runde.lnk" "$INSTDIR\runde.exe"
  WriteRegStr HKCU "${ABOUT}" "Folder" "$INSTDIR"
  WriteRegStr HKCU "${ENTRY}" "DisplayName" "Runde"
  WriteRegStr HKCU "${ENTRY}" "DisplayVersion" "${VERSION}"
  WriteRegStr HKCU "${ENTRY}" "DisplayIcon" "$INSTDIR\runde.exe"
  WriteRegStr HKCU "${ENTRY}" "Publisher" "The Runde authors"
  WriteRegStr HKCU "${ENTRY}" "InstallLocation" "$INSTDIR"
  WriteRegStr HKCU "${ENTRY}" "UninstallString" '"$INSTDIR\uninstall.exe"'
  WriteRegStr HKCU "${ENTRY}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /S'
  WriteRegDWORD HKCU "${ENTRY}" "NoModify" 1
  WriteRegDWORD HKCU "${ENTRY}" "NoRepair" 1
  ${GetSize} "$INSTDIR" "/S=0K" $0 $1 $2
  WriteRegDWORD HKCU "${ENTRY}" "EstimatedSize" $0
SectionEnd

Section "$(LINKS)" SEC_LINKS
  !insertmacro CLAIM "runde"
  ; First what this person has, then what the whole computer has.
  ReadRegStr $0 HKCU "${CLASSES}\jitsi-meet\shell\open\command" ""
  ${If} $0 == ""
    ReadRegStr $0 HKCR "jitsi-meet\shell\open\command" ""
  ${EndIf}
  ${If} $0 == ""
    !insertmacro CLAIM "jitsi-meet"
  ${EndIf}
SectionEnd

Section /o "$(AUTOSTART)" SEC_AUTOSTART
  WriteRegStr HKCU "${START}" "Runde" '${START_COMMAND}'
  DeleteRegValue HKCU "${APPROVED}" "Runde"
SectionEnd

; The last one, so that it is said before the page that offers to start the window.
Section "-WebView2"
  ReadRegStr $0 HKLM "SOFTWARE\WOW6432Node\${WEBVIEW}" "pv"
  ${If} $0 == ""
    ReadRegStr $0 HKCU "Software\${WEBVIEW}" "pv"
  ${EndIf}
  ${If} $0 == ""
    MessageBox MB_YESNO|MB_ICONQUESTION "$(NO_WEBVIEW)" /SD IDNO IDNO done
    ExecShell "open" "${WEBVIEW_PAGE}"
    done:
  ${EndIf}
SectionEnd

!insertmacro MUI_FUNCTION_DESCRIPTION_BEGIN
  !insertmacro MUI_DESCRIPTION_TEXT ${SEC_PROGRAM} "$(ABOUT_PROGRAM)"
  !insertmacro MUI_DESCRIPTION_TEXT ${SEC_LINKS} "$(ABOUT_LINKS)"
  !insertmacro MUI_DESCRIPTION_TEXT ${SEC_AUTOSTART} "$(ABOUT_AUTOSTART)"
!insertmacro MUI_FUNCTION_DESCRIPTION_END

Function .onInit
  ; Silent with the autostart: setup.exe /S /AUTOSTART
  ${GetParameters} $0
  ClearErrors
  ${GetOptions} $0 "/AUTOSTART" $1
  ${IfNot} ${Errors}
    SectionSetFlags ${SEC_AUTOSTART} ${SF_SELECTED}
  ${EndIf}
FunctionEnd

Section "Uninstall"
  !insertmacro ENSURE_CLOSED
  !insertmacro RELEASE "runde"
  !insertmacro RELEASE "jitsi-meet"
  Delete "$SMPROGRAMS\Runde.lnk"
  ; Only what starts this one: a person may have two, and may have chosen the other.
  ReadRegStr $0 HKCU "${START}" "Runde"
  ${If} $0 == '${START_COMMAND}'
    DeleteRegValue HKCU "${START}" "Runde"
    DeleteRegValue HKCU "${APPROVED}" "Runde"
  ${EndIf}
  Delete "$INSTDIR\runde.exe"
  Delete "$INSTDIR\runde-cli.exe"
  Delete "$INSTDIR\WebView2Loader.dll"
  Delete "$INSTDIR\LICENSE.txt"
  Delete "$INSTDIR\THIRD-PARTY.txt"
  Delete "$INSTDIR\uninstall.exe"
  RMDir "$INSTDIR"
  DeleteRegKey HKCU "${ENTRY}"
  DeleteRegKey HKCU "${ABOUT}"
SectionEnd
